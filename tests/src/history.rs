//! Years of public incidents that are over, written at once: what an installation has that has been there for long.

use anyhow::Result;
use sqlx::PgPool;

/// `n` incidents of `validator1`, one about every four hours back from yesterday, each with three updates. Their numbers follow
/// each other, the last one is the youngest.
///
/// # Errors
/// If the database refuses.
pub async fn fill(pool: &PgPool, n: i32) -> Result<()> {
    let incidents = "INSERT INTO incident (id, system_id, title, level, level_name, affected, state, declared_by, declared_at,
                               acknowledged_at, resolved_at, public_title, public_state, n_events)
         SELECT gen_random_uuid(), s.id, 'internal ' || g, 1, 'Minor',
                '[{\"component\": \"validator1\", \"name\": \"Validator 1\", \"impact\": \"major-outage\"}]', 'resolved', '{\"actor\": \"command-line\"}',
                t, t, t + interval '40 minutes', 'Old incident ' || g, 'resolved', 3
         FROM system s, generate_series(1, $1) AS g, LATERAL (SELECT now() - interval '1 day' - ($1 - g) * interval '263 minutes' AS t) AS began
         ORDER BY g";
    sqlx::query(incidents).bind(n).execute(pool).await?;
    let events = "INSERT INTO incident_event (incident_id, seq, at, by, event)
         SELECT i.id, u.seq, i.declared_at + u.seq * interval '10 minutes', '{\"actor\": \"command-line\"}',
                jsonb_build_object('event', 'posted', 'state', u.state, 'text', u.state || ': a sentence or two about what is so, as people write it.')
         FROM incident i, (VALUES (1, 'investigating'), (2, 'identified'), (3, 'resolved')) AS u (seq, state)
         WHERE i.public_title LIKE 'Old incident %'";
    sqlx::query(events).execute(pool).await?;
    sqlx::query("ANALYZE incident").execute(pool).await?;
    Ok(())
}
