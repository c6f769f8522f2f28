//! Jobs of `pg_cron` that keep a table in shape, before they are made or taken away: whether the extension is in this
//! database and runs, what is there already under that name, and what would run.

use super::super::dialect::cron::{Form, Job};
use super::objects::{self, Found};
use super::rights::{self, Need};
use super::shape::{self, Named, Sort};
use super::{place, table};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Gravity, Precondition, TouchedObject};
use crate::domain::procedure::Verified;
use crate::domain::proposal::survey::{Blast, Footprint, Inverse, Survey, Timeouts};
use crate::domain::rows::{Rows, Value};
use crate::engine::{Param, Query, Session};

/// What the extension has here. Its functions are known by belonging to it: a schema `cron` alone can be anybody's. Its
/// settings are null for a login that may not see them.
static EXTENSION: Query = Query {
    name: "fix.cron",
    text: "SELECT e.oid IS NOT NULL AS installed, current_database() AS database,
                  (SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'cron.database_name') AS home,
                  (SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'cron.use_background_workers') AS workers,
                  (SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'cron.launch_active_jobs') AS launches,
                  EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datname = current_database()
                             AND a.application_name = 'pg_cron scheduler') AS runs,
                  own.make, own.take
             FROM (VALUES (1)) one (n) LEFT JOIN pg_catalog.pg_extension e ON e.extname = 'pg_cron'
             LEFT JOIN LATERAL (
               SELECT max(p.oid::int8) FILTER (WHERE p.proname = 'schedule' AND p.pronargs = 3) AS make,
                      max(p.oid::int8) FILTER (WHERE p.proname = 'unschedule' AND p.proargtypes[0] = 'pg_catalog.int8'::regtype) AS take
                 FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_proc p ON p.oid = d.objid
                 JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'cron'
                WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.refclassid = 'pg_catalog.pg_extension'::regclass
                  AND d.refobjid = e.oid AND d.deptype = 'e') own ON true",
    timeout_ms: 3_000,
};

/// $1: the job's name; $2: its owner. A login sees its own jobs alone, unless it is above row security.
static JOB: Query = Query {
    name: "fix.cron_job",
    text: "SELECT row_security_active('cron.job') AND $2::text <> current_user AS hidden, j.jobid,
                  j.schedule, j.command, j.database = current_database() AS here, j.active
             FROM (VALUES (1)) one (n) LEFT JOIN cron.job j ON j.jobname = $1 AND j.username = $2",
    timeout_ms: 3_000,
};

/// $1: the job's name. Of everybody, as far as this login sees.
static JOBS: Query = Query {
    name: "verify.cron_jobs",
    text: "SELECT row_security_active('cron.job') AS hidden, j.jobid, j.username AS owner,
                  j.schedule, j.command, j.database = current_database() AS here, j.active
             FROM (VALUES (1)) one (n) LEFT JOIN cron.job j ON j.jobname = $1 ORDER BY j.jobid LIMIT 20",
    timeout_ms: 3_000,
};

fn refuse<T>(why: impl Into<String>) -> Result<T, SessionError> {
    Err(SessionError::Unsupported(why.into()))
}

/// The extension as it is in this database.
struct Extension {
    make: i64,
    take: i64,
    /// Each run is a worker of the server's own, which needs no password.
    workers: bool,
    /// Why nothing would run.
    idle: Option<&'static str>,
}

async fn extension(session: &mut dyn Session) -> Result<Extension, SessionError> {
    let rows = session.own(&EXTENSION, &[]).await?;
    let Some(row) = rows.rows.first() else { return refuse("the server did not say whether it has pg_cron") };
    let text = |name: &str| rows.text(row, name);
    if text("installed") != "true" {
        let (database, home) = (text("database"), text("home"));
        return refuse(match home.as_str() {
            "" => format!("pg_cron is not installed in the database {database}"),
            home if home == database => format!("pg_cron is not installed: CREATE EXTENSION pg_cron in {database}"),
            home => format!(
                "pg_cron is not installed in the database {database}: this server keeps its jobs in {home}, and a job \
                 made there would run there"
            ),
        });
    }
    let (Some(make), Some(take)) = (rows.get(row, "make").int(), rows.get(row, "take").int()) else {
        return refuse("this pg_cron is older than 1.3, whose jobs have no names");
    };
    let idle = if text("launches") == "off" {
        Some("cron.launch_active_jobs is off: no job would run")
    } else if text("runs") != "true" {
        Some("the scheduler of pg_cron does not run: shared_preload_libraries = 'pg_cron' and a restart")
    } else {
        None
    };
    Ok(Extension { make, take, workers: text("workers") == "on", idle })
}

/// What stands in `cron.job` under a name.
enum There {
    /// Not for this login's eyes.
    Hidden,
    Nothing,
    /// Exactly this job.
    Same,
    /// Another one, in words.
    Other(String),
}

fn there(rows: &Rows, row: &[Value], job: &Job) -> There {
    if rows.get(row, "jobid").int().is_none() {
        return if rows.text(row, "hidden") == "true" { There::Hidden } else { There::Nothing };
    }
    let (schedule, command) = (rows.text(row, "schedule"), rows.text(row, "command"));
    let (here, active) = (rows.text(row, "here") == "true", rows.text(row, "active") == "true");
    if here && active && schedule == job.schedule() && command == job.command() {
        return There::Same;
    }
    let paused = if active { "" } else { ", paused" };
    let elsewhere = if here { "" } else { ", in another database" };
    There::Other(format!("{schedule}: {command}{paused}{elsewhere}"))
}

/// The job of that name that `owner` has.
async fn now(session: &mut dyn Session, job: &Job, owner: &str) -> Result<There, SessionError> {
    match session.own(&JOB, &[Param::Text(job.name.clone()), Param::Text(owner.to_owned())]).await {
        Ok(rows) => Ok(rows.rows.first().map_or(There::Nothing, |row| there(&rows, row, job))),
        Err(SessionError::Server(message)) if message.code == "42501" => Ok(There::Hidden),
        Err(error) => Err(error),
    }
}

/// Looks at a statement of one of these forms. What a job is and does stands in the statement itself, so both logins see
/// the same; who has a job of that name is seen by its owner alone, and asked again in the session that acts.
pub(super) async fn survey(
    session: &mut dyn Session,
    form: &Form,
    statement: &str,
    login: &str,
) -> Result<Survey, SessionError> {
    let place = place::place(session).await?;
    if place.role == "replica" {
        return refuse("this server is a replica, on which pg_cron runs nothing: go to the primary");
    }
    let cron = extension(session).await?;
    let job = form.job();
    let there = now(session, job, login).await?;
    let shape = shape::read(statement)?;
    let found = objects::resolve(session, &shape).await?;
    let mut survey = Survey {
        place,
        objects: objects::touched(&found),
        preconditions: Vec::new(),
        blast: Blast { at_least: Gravity::Medium, ..Blast::default() },
        inverse: Inverse::Statements(Vec::new()),
        rights: crate::domain::proposal::survey::Rights::Held,
        timeouts: Timeouts::OBJECTS,
    };
    survey.objects.push(TouchedObject {
        name: format!("pg_cron job {}", job.name),
        id: job.name.clone(),
        definition: format!("{}: {}", job.schedule(), job.command()),
    });
    let mut needs = vec![Need::schema("USAGE", "cron")];
    match form {
        Form::Make(job) => make(session, job, &cron, there, &mut survey, &mut needs).await?,
        Form::Take(job) => {
            take(job, there, login, &mut survey)?;
            needs.push(Need::routine("cron.unschedule(bigint)", cron.take));
            needs
                .extend(found.iter().filter(|f| f.named.sort == Sort::Relation).map(|f| Need::table("SELECT", f, &[])));
        }
    }
    survey.rights = rights::rights(session, login, &needs).await?;
    Ok(survey)
}

async fn make(
    session: &mut dyn Session,
    job: &Job,
    cron: &Extension,
    there: There,
    survey: &mut Survey,
    needs: &mut Vec<Need>,
) -> Result<(), SessionError> {
    if let Some(why) = cron.idle {
        return refuse(why);
    }
    // pg_cron would give a job of the same name and owner the new schedule and command, and nobody could bring the old
    // ones back.
    match there {
        There::Same => return refuse(format!("there is a job {} already, and it is this one", job.name)),
        There::Other(words) => return refuse(format!("there is a job {} already: {words}", job.name)),
        There::Hidden | There::Nothing => {}
    }
    let table = table_of(session, job).await?;
    let more = table::table(session, table.oid).await?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that is not negative")]
    let whole = |n: Option<f64>| n.map(|n| n.max(0.0) as u64);
    survey.blast.tables.push(Footprint {
        name: table.full_name.clone(),
        rows: whole(more.rows),
        bytes: whole(more.bytes),
    });
    survey.objects.push(table.touched());
    for (text, found) in [
        ("the scheduler of pg_cron runs in this database", "yes".to_owned()),
        ("the login that makes it has no job of this name", format!("no {}", job.name)),
    ] {
        survey.preconditions.push(Precondition { text: text.to_owned(), found });
    }
    survey.inverse = Inverse::Statements(vec![job.take()]);
    survey.blast.locks = format!(
        "none when it is made; each run takes SHARE UPDATE EXCLUSIVE on {}: readers and writers go on, other \
         maintenance and DDL wait",
        table.full_name
    );
    survey.blast.replicas = Some("they have the job as a row, and run nothing".into());
    survey.blast.notes.push(format!(
        "from then on the server itself runs, as the login that makes it and at `{}` in the time zone of pg_cron: {}",
        job.schedule(),
        job.command()
    ));
    survey.blast.notes.push("how each run ended stands in cron.job_run_details".into());
    if !cron.workers {
        survey.blast.notes.push(
            "as far as this login sees, pg_cron connects for each run as that login: pg_hba.conf has to let it in from \
             there without a password, or cron.use_background_workers has to be on"
                .into(),
        );
    }
    needs.push(Need::routine("cron.schedule(text, text, text)", cron.make));
    needs.extend(job.table.space.as_deref().map(|space| Need::schema("USAGE", space)));
    needs.push(Need::owner(&table, true));
    Ok(())
}

/// The table that a job keeps in shape.
async fn table_of(session: &mut dyn Session, job: &Job) -> Result<Found, SessionError> {
    let named = Named { sort: Sort::Relation, schema: job.table.space.clone(), name: job.table.name.clone() };
    let found = objects::look_up(session, std::slice::from_ref(&named)).await?.into_iter().next();
    match found {
        None => refuse(format!("there is no table {}", job.table.words())),
        Some(found) if found.system => {
            refuse(format!("{} belongs to the server itself, which looks after it", found.full_name))
        }
        Some(found) if !matches!(found.kind.as_str(), "r" | "p" | "m") => {
            refuse(format!("{} is no table", found.full_name))
        }
        Some(found) => Ok(found),
    }
}

fn take(job: &Job, there: There, login: &str, survey: &mut Survey) -> Result<(), SessionError> {
    match there {
        There::Nothing => {
            return refuse(format!("{login} has no job {}: it was taken away, or belongs to somebody else", job.name));
        }
        There::Other(words) => {
            return refuse(format!(
                "the job {} is not as it was made, somebody has changed it ({words}): whether it should go only a person \
                 knows",
                job.name
            ));
        }
        There::Hidden | There::Same => {}
    }
    survey
        .preconditions
        .push(Precondition { text: "the job of this login is as it was made".into(), found: "yes".into() });
    survey.inverse = Inverse::Statements(vec![job.create()]);
    survey.blast.locks = "none; a run that is under way goes on to its end".into();
    Ok(())
}

/// Whether a job is there, and does what it was made for.
pub(super) async fn in_force(session: &mut dyn Session, job: &Job) -> Result<Verified, SessionError> {
    let name = &job.name;
    let rows = match session.own(&JOBS, &[Param::Text(name.clone())]).await {
        Ok(rows) => rows,
        Err(SessionError::Server(message)) if message.code == "42501" => {
            return Ok(Verified::unknown("jobs are hidden from this login: GRANT USAGE ON SCHEMA cron to it"));
        }
        // No such table or schema.
        Err(SessionError::Server(message)) if matches!(message.code.as_str(), "42P01" | "3F000") => {
            return Ok(Verified::new(false, "pg_cron is not installed in this database"));
        }
        Err(error) => return Err(error),
    };
    let mut others = Vec::new();
    for row in &rows.rows {
        match there(&rows, row, job) {
            There::Same => {
                return Ok(Verified::new(true, format!("the job {name} of {} is active", rows.text(row, "owner"))));
            }
            There::Other(words) => others.push(format!("the job {name} of {} is {words}", rows.text(row, "owner"))),
            There::Hidden => {
                return Ok(Verified::unknown(format!("this login has no job {name}, and sees nobody else's")));
            }
            There::Nothing => {}
        }
    }
    Ok(Verified::new(false, if others.is_empty() { format!("there is no job {name}") } else { others.join("; ") }))
}
