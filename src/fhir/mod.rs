//! What other systems read: FHIR R4.

pub mod audit_event;
