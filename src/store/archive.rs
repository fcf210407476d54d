//! Everything that is kept about one person, for themselves (GDPR, articles 15 and 20). As the eraser, who reads all and writes
//! nothing; in one snapshot.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// One kind of rows.
#[derive(Debug)]
pub struct Part {
    /// Also the file's name.
    pub name: &'static str,
    pub rows: Vec<Value>,
}

/// Name, and what is asked; `$1` is the patient. What is missing here a test finds. Without secrets: hashes of codes and keys of
/// devices say nothing about a person.
pub const PARTS: &[(&str, &str)] = &[
    ("person", "SELECT * FROM patient WHERE patient = $1"),
    ("plans", "SELECT * FROM patient_facts WHERE patient = $1 ORDER BY version"),
    (
        "teams",
        "SELECT team.name, team.phone FROM team WHERE team IN (SELECT team FROM patient WHERE patient = $1
                                                               UNION SELECT team FROM patient_team WHERE patient = $1)",
    ),
    ("submissions", "SELECT * FROM submission WHERE patient = $1 ORDER BY seq"),
    (
        "readings",
        "SELECT reading.* FROM reading, (SELECT min(effective_at) AS first, max(effective_at) AS last FROM submission
                                         WHERE patient = $1) AS span
         WHERE reading.patient = $1 AND reading.effective_at BETWEEN span.first AND span.last ORDER BY seq, component",
    ),
    ("answers", "SELECT * FROM answers WHERE patient = $1 ORDER BY seq"),
    ("events", "SELECT * FROM event WHERE patient = $1 ORDER BY seq"),
    ("corrections", "SELECT * FROM correction WHERE patient = $1 ORDER BY seq"),
    ("pauses_asked_for", "SELECT * FROM pause_request WHERE patient = $1 ORDER BY asked_at"),
    (
        "accepted_values",
        "SELECT acceptance.*, staff.name FROM acceptance JOIN staff USING (staff) WHERE patient = $1 ORDER BY acceptance.at",
    ),
    (
        "refusals",
        "SELECT * FROM refusal WHERE patient = $1 OR device IN (SELECT device FROM device WHERE patient = $1)
         ORDER BY received_at",
    ),
    ("asks_shown", "SELECT * FROM shown WHERE patient = $1 ORDER BY shown_at"),
    ("messages_and_asks", "SELECT * FROM push WHERE patient = $1 ORDER BY made_at"),
    ("evaluations", "SELECT * FROM evaluation WHERE patient = $1 ORDER BY number"),
    ("findings", "SELECT * FROM finding WHERE patient = $1 ORDER BY start_at"),
    ("watches", "SELECT * FROM watch WHERE patient = $1 ORDER BY since"),
    ("looks_under_other_rules", "SELECT * FROM shadow_look WHERE patient = $1 ORDER BY looked_at"),
    ("differences_under_other_rules", "SELECT * FROM shadow_difference WHERE patient = $1 ORDER BY start_at"),
    ("timers", "SELECT * FROM due WHERE patient = $1 ORDER BY at"),
    ("waiting_to_be_judged", "SELECT * FROM arrival WHERE patient = $1"),
    (
        "judged",
        "SELECT patient, last_seq, judged_through, folded_through, failed_from
         FROM patient_head LEFT JOIN patient_judged USING (patient) WHERE patient = $1",
    ),
    ("alerts", "SELECT * FROM alert WHERE patient = $1 ORDER BY opened_at"),
    (
        "alert_history",
        "SELECT alert_event.*, staff.name AS by_name FROM alert_event JOIN alert USING (alert)
         LEFT JOIN staff ON staff.staff = alert_event.by_staff WHERE alert.patient = $1 ORDER BY alert_event.at, n",
    ),
    (
        "page_requests",
        "SELECT page_request.* FROM page_request JOIN alert USING (alert) WHERE alert.patient = $1 ORDER BY at",
    ),
    (
        // Whoever was told is staff: by name, without their address.
        "pages_sent",
        "SELECT page.page, page.channel, page.subject, page.body, page.made_at, page.sent_at, page.state, staff.name AS told
         FROM page LEFT JOIN staff USING (staff)
         WHERE page.alerts && (SELECT array_agg(alert) FROM alert WHERE patient = $1) ORDER BY made_at",
    ),
    (
        "devices",
        "SELECT device.device, device.name, device.platform, device.app_version, device.enrolled_at, device.revoked_at,
                device.heard_at, carer.name AS carer
         FROM device LEFT JOIN carer USING (carer)
         WHERE device.patient = $1 OR device.device IN (SELECT device FROM device_person WHERE patient = $1)
         ORDER BY enrolled_at",
    ),
    ("instruments", "SELECT * FROM instrument_user WHERE patient = $1 ORDER BY bound_at"),
    (
        "carers",
        "SELECT carer_consent.*, carer.name FROM carer_consent JOIN carer USING (carer) WHERE patient = $1 ORDER BY given_at",
    ),
    (
        "enrolment_codes",
        "SELECT made_by, made_at, ends_at, wrong_answers, used_by, replaces FROM enrolment_code
         WHERE patient = $1 OR code_hash IN (SELECT code_hash FROM enrolment_code_person WHERE patient = $1) ORDER BY made_at",
    ),
    (
        "opened_in_an_emergency",
        "SELECT break_glass.*, staff.name FROM break_glass JOIN staff USING (staff) WHERE patient = $1 ORDER BY at",
    ),
    ("erased_before", "SELECT before_at, at, made_by, why FROM erased_range WHERE patient = $1 ORDER BY at"),
    ("restrictions", "SELECT * FROM restriction WHERE patient = $1 ORDER BY from_at"),
    (
        "who_did_what",
        "SELECT audit.audit, audit.at, audit.actor, audit.what, audit.why, audit.detail,
                coalesce(staff.name, audit.operator) AS name, staff.profession, audit.device
         FROM audit LEFT JOIN staff USING (staff) WHERE patient = $1 ORDER BY audit",
    ),
];

pub async fn of(db: &mut PgConnection, patient: Uuid) -> Result<Vec<Part>, sqlx::Error> {
    let mut parts = Vec::with_capacity(PARTS.len());
    for (name, asked) in PARTS {
        let sql = format!("SELECT to_jsonb(part) FROM ({asked}) AS part");
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(patient).fetch_all(&mut *db).await?;
        parts.push(Part { name, rows });
    }
    Ok(parts)
}
