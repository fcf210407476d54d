-- Members of a patient's team end the monitoring on the patient's page, and change what is set for them, of two people one after
-- the other: whoever changes it locks the person.
GRANT UPDATE (ended_at) ON patient TO derwent_web;
