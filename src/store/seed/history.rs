//! Workload W: each patient with readings of months, row by row as they would have come in: in the order of time, so that one
//! patient's rows lie as far apart as in a service that has run for so long.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

/// Readings of a patient, and how far apart.
#[derive(Debug, Clone, Copy)]
pub struct History {
    pub organisation: Uuid,
    pub per_patient: i32,
    pub hours_apart: i32,
    /// Nothing is later. Patients do not measure at the same minute.
    pub until: Timestamp,
}

/// Whose, when: three in ten are blood pressures, never more than a day apart.
const MEASURED: &str = "SELECT n, device.patient, device.device, n % 10 IN (0, 3, 7) AS of_pressure,
            (hashtext(device.patient::text) & 1023) + n AS variety,
            $4 - make_interval(hours => ($3 - n) * $5, mins => (hashtext(device.patient::text) & 65535) % ($5 * 60)) AS at
     FROM generate_series($1, $2) AS n CROSS JOIN device
     ORDER BY n, device.patient";

impl History {
    /// Ledger and evaluations of the readings numbered `from` to `to`, of every patient who has a device.
    pub async fn ledger(&self, db: &mut PgConnection, from: i32, to: i32) -> Result<(), sqlx::Error> {
        let mut tx = db.begin().await?;
        let sql = format!(
            "INSERT INTO submission (patient, client_id, organisation, seq, content_hash, kind, effective_at, received_at, device, flags)
             SELECT patient, md5(patient::text || n)::uuid, $6, n, decode('01' || md5(n::text) || md5(patient::text), 'hex'),
                    'reading', at, at + interval '2 seconds', device, '{{}}'
             FROM ({MEASURED}) AS measured"
        );
        self.run(&mut tx, sql, from, to).await?;
        let sql = format!(
            "INSERT INTO evaluation (evaluation, patient, organisation, cause, from_seq, to_seq, rulebook, facts, at, outcome,
                                     folded_from)
             SELECT md5('evaluation' || patient::text || n)::uuid, patient, $6, 'reading', n, n,
                    (SELECT hash FROM rulebook ORDER BY number DESC LIMIT 1), 1, at + interval '2.1 seconds', 'judged',
                    at + interval '2.1 seconds' - make_interval(hours => $5)
             FROM ({MEASURED}) AS measured"
        );
        self.run(&mut tx, sql, from, to).await?;
        tx.commit().await
    }

    /// The same readings' components.
    pub async fn readings(&self, db: &mut PgConnection, from: i32, to: i32) -> Result<(), sqlx::Error> {
        let sql = format!(
            "INSERT INTO reading (organisation, patient, seq, component, effective_at, vital, value_given, unit_given, value,
                                  offset_minutes, received_at, flags, method)
             SELECT $6, patient, n, component, at, vital, base + variety % spread, unit, base + variety % spread, 0,
                    at + interval '2 seconds', '{{}}', 'instrument'
             FROM ({MEASURED}) AS measured
             JOIN (VALUES (true, 'blood_pressure', 'systolic', 'mm[Hg]', 118, 13), (true, 'blood_pressure', 'diastolic', 'mm[Hg]', 70, 11),
                          (true, 'blood_pressure', 'pulse', '/min', 60, 23), (false, 'pulse', 'pulse', '/min', 60, 23))
                  AS part (pressure, vital, component, unit, base, spread) ON pressure = of_pressure
             ORDER BY n, patient"
        );
        self.run(db, sql, from, to).await
    }

    async fn run(&self, db: &mut PgConnection, sql: String, from: i32, to: i32) -> Result<(), sqlx::Error> {
        // Made of constants of this file.
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(from)
            .bind(to)
            .bind(self.per_patient)
            .bind(self.until.to_sqlx())
            .bind(self.hours_apart)
            .bind(self.organisation)
            .execute(db)
            .await
            .map(drop)
    }

    /// Heads, and how far everyone is judged, after all of it.
    pub async fn heads(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut tx = db.begin().await?;
        sqlx::query("INSERT INTO patient_head (patient, last_seq) SELECT patient, $1 FROM device")
            .bind(i64::from(self.per_patient))
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO patient_judged (patient, judged_through, folded_through, attempts) SELECT patient, $1, $2, 0 FROM device",
        )
        .bind(i64::from(self.per_patient))
        .bind(self.until.to_sqlx())
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }
}

/// When the newest submission was made.
pub async fn newest(pool: &PgPool) -> Result<Option<Timestamp>, sqlx::Error> {
    let newest: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT max(effective_at) FROM submission").fetch_one(pool).await?;
    Ok(newest.map(jiff_sqlx::Timestamp::to_jiff))
}
