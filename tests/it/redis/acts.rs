//! Approved acts on real servers, by a login with the rights of `least_privilege_fix` alone: surveyed, approved the one
//! honest way, done, and undone.

use super::support::{Raw, connect, run, skipped};
use crate::support::servers;
use async_trait::async_trait;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::guard::ticket::{Approved, Consent, DEAD_MS, Desk, Gravity, Moment, Refusal, grant};
use dba_gpt::domain::guard::{self, Author, Catalog, Verdict};
use dba_gpt::domain::proposal::kind::{FixKind, SessionRef};
use dba_gpt::domain::proposal::survey::{Inverse, Rights, Survey};
use dba_gpt::domain::proposal::{Draft, Origin, Parts, Proposal};
use dba_gpt::domain::target::{Environment, TargetId, Timestamp};
use dba_gpt::engine::{ActError, Acted, Session, Witness, redis::SPEC};
use tokio_util::sync::CancellationToken;

/// A server, its administrator, and the fix login of one test with a prefix of keys of its own.
struct Ground {
    admin: Raw,
    /// Every key of the test begins with this.
    prefix: String,
    user: String,
    url: String,
}

impl Ground {
    /// `more` are rules beyond the recommended ones.
    fn new(url: &str, test: &str, more: &str) -> Self {
        let mut admin = Raw::connect(url);
        let (prefix, user) = (format!("act:{test}:"), format!("fix_{test}"));
        let recommended = SPEC.least_privilege_fix.lines().find(|line| line.starts_with("ACL SETUSER")).unwrap();
        let rules = recommended.replace("dbagpt_fix", &user).replace(">PASSWORD", ">fix-password");
        let line = format!("{rules} ~{prefix}* {more}");
        assert_eq!(admin.ask(&line.split_ascii_whitespace().collect::<Vec<_>>()), "+OK", "{line}");
        let place = url.rsplit_once('@').unwrap().1;
        let mut ground = Self { url: format!("redis://{user}:fix-password@{place}"), admin, prefix, user };
        ground.clear();
        ground
    }
    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
    /// The line with `@` for the prefix.
    fn line(&self, text: &str) -> String {
        text.replace('@', &self.prefix)
    }
    fn write(&mut self, text: &str) {
        let line = self.line(text);
        let answer = self.admin.ask(&line.split_ascii_whitespace().collect::<Vec<_>>());
        assert!(!answer.starts_with('-'), "{line}: {answer}");
    }
    fn clear(&mut self) {
        let script = "for _, k in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', k) end return 0";
        let pattern = format!("{}*", self.prefix);
        assert_eq!(self.admin.ask(&["EVAL", script, "0", &pattern]), ":0");
    }
    /// Every key of the test: name, moment of expiry, and value as the server serialises it.
    fn state(&mut self) -> String {
        let script = "local out = {} local keys = redis.call('KEYS', ARGV[1]) table.sort(keys) \
                      for _, k in ipairs(keys) do \
                        table.insert(out, k .. ' ' .. redis.call('PEXPIRETIME', k) .. ' ' .. redis.call('TYPE', k)['ok'] \
                          .. ' ' .. redis.sha1hex(redis.call('DUMP', k))) \
                      end return table.concat(out, '\\n')";
        let pattern = format!("{}*", self.prefix);
        self.admin.ask(&["EVAL", script, "0", &pattern])
    }
    async fn session(&self) -> Box<dyn Session> {
        connect(&self.url).await
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.clear();
        self.admin.ask(&["ACL", "DELUSER", &self.user]);
    }
}

/// Redis, and Valkey where it could be had.
fn each(test: &str, more: &str) -> Vec<Ground> {
    let mut urls = vec![servers::redis_url()];
    urls.extend(servers::valkey_url());
    urls.iter().map(|url| Ground::new(url, test, more)).collect()
}

#[derive(Default)]
struct Notes {
    inverse: Vec<String>,
    refuses: bool,
    /// What somebody else does while the witness writes.
    meanwhile: Option<Box<dyn FnOnce() + Send>>,
}

#[async_trait]
impl Witness for Notes {
    async fn inverse(&mut self, statements: Vec<String>) -> Result<(), String> {
        if let Some(meanwhile) = self.meanwhile.take() {
            meanwhile();
        }
        self.inverse = statements;
        if self.refuses { Err("the disk is full".into()) } else { Ok(()) }
    }
    async fn mark(&mut self, _mark: &str) -> Result<(), String> {
        Err("there are no marks here".into())
    }
}

fn draft(statement: &str) -> Draft {
    let judgement = SPEC.dialect.classify(statement, Author::Person, &Catalog::default());
    assert_eq!(judgement.verdict, Verdict::NeedsApproval, "{statement}: {}", judgement.reason);
    Draft { statement: statement.into(), class: judgement.class, kind: None, database: None }
}

fn kind_draft(kind: FixKind) -> Draft {
    let statement = SPEC.dialect.render(&kind).unwrap();
    Draft { statement, class: kind.class(), kind: Some(kind), database: None }
}

async fn surveyed(session: &mut dyn Session, draft: &Draft) -> Result<Survey, SessionError> {
    (SPEC.fixing.survey)(session, draft, None).await
}

fn approved(draft: &Draft, survey: &Survey) -> Approved {
    let parts = Parts {
        target: TargetId::new("cache"),
        engine: "redis".into(),
        environment: Environment::Development,
        address: "cache".into(),
        login: "fix".into(),
        approvers: 1,
        draft: draft.clone(),
        survey: survey.clone(),
        advice: Vec::new(),
    };
    let act = Proposal { id: 7, ..Proposal::new(Timestamp(1), Origin::Person, parts) }.act();
    let at = |ms: u64| Moment { wall: Timestamp(1_790_000_000_000), uptime_ms: ms };
    let consent = Consent {
        drawn: act.digest(),
        read_to_the_end: true,
        typed_name: Some("cache".into()),
        from_terminal: true,
        focused: at(0),
        decided: at(DEAD_MS),
    };
    let judgement = guard::judge(SPEC.dialect, &Catalog::default(), draft);
    let ticket = grant(&act, &judgement, &consent, [3; 32]).unwrap();
    Desk::default().redeem(ticket, act, &judgement, at(DEAD_MS + 1)).unwrap()
}

async fn act(ground: &Ground, draft: &Draft, survey: &Survey, notes: &mut Notes) -> Result<Acted, ActError> {
    let mut session = ground.session().await;
    session.act(approved(draft, survey), survey, notes, &CancellationToken::new()).await
}

/// From the line to its end; the commands that undo it.
async fn done(ground: &Ground, draft: Draft) -> (Acted, Survey, Vec<String>) {
    let mut session = ground.session().await;
    let survey = surveyed(&mut *session, &draft).await.unwrap_or_else(|e| panic!("{}: {e}", draft.statement));
    assert_eq!(survey.rights, Rights::Held, "{}", draft.statement);
    let mut notes = Notes::default();
    let acted = act(ground, &draft, &survey, &mut notes).await.unwrap_or_else(|e| panic!("{}: {e}", draft.statement));
    let undo = match &survey.inverse {
        Inverse::Statements(statements) => statements.clone(),
        _ => notes.inverse,
    };
    (acted, survey, undo)
}

/// What the changes below need beyond the recommended rules.
const COMMANDS: &str = "+del +set +append +incr +mset +getdel +expire +persist +hset +hdel +lpush +lpop +srem +spop +zadd \
    +zpopmin +xadd +xgroup|destroy +pfadd +rename +copy +sinterstore +zunionstore";

fn fill(ground: &mut Ground) {
    for line in [
        "SET @text hello",
        "SET @soon value PXAT 4102444800123",
        "SET @number 41",
        "HSET @hash a 1 b 2 c 3",
        "RPUSH @list x y z",
        "SADD @set 1 2 3",
        "ZADD @sorted 1 a 2.5 b",
        "XADD @stream 5-1 field value",
        "XGROUP CREATE @stream readers 0",
        "PFADD @many a b c",
    ] {
        ground.write(line);
    }
    let (key, value) = (ground.key("odd \u{202e}\"key\\"), "a\0b\r\nc\u{200b};\"'");
    assert_eq!(ground.admin.ask(&["SET", &key, value]), "+OK");
}

#[test]
fn every_change_of_keys_is_undone_to_the_byte() {
    if skipped() {
        return;
    }
    run(async {
        for mut ground in each("undone", COMMANDS) {
            fill(&mut ground);
            let before = ground.state();
            for text in [
                "UNLINK @text @soon @hash @list @set @sorted @stream @many",
                "DEL @text",
                "SET @text other",
                "SET @new value EX 100",
                "APPEND @text \" more\"",
                "INCR @number",
                "MSET @text 1 @new2 2",
                "GETDEL @soon",
                "EXPIRE @text 1000",
                "PERSIST @soon",
                "HSET @hash a 9 z 26",
                "HDEL @hash a b c",
                "LPUSH @list w",
                "LPOP @list 2",
                "SREM @set 1",
                "SPOP @set",
                "ZADD @sorted 9 a",
                "ZPOPMIN @sorted",
                "XADD @stream 6-1 f v",
                "XGROUP DESTROY @stream readers",
                "PFADD @many z",
                "RENAME @text @hash",
                "COPY @hash @copy",
                "SINTERSTORE @out @set @set",
                "ZUNIONSTORE @out 1 @sorted",
            ] {
                let line = ground.line(text);
                let (acted, survey, undo) = done(&ground, draft(&line)).await;
                assert!(matches!(survey.inverse, Inverse::FromRows(_)), "{line}: {:?}", survey.inverse);
                assert!(ground.state() != before, "{line} changed nothing: {acted:?}");
                for command in &undo {
                    done(&ground, draft(command)).await;
                }
                assert_eq!(ground.state(), before, "{line} was not undone by {undo:?}");
            }
            // A key and a value that no line could carry unquoted.
            let kind =
                FixKind::UnlinkKeys(vec![ground.key("odd \u{202e}\"key\\"), ground.key("text"), ground.key("gone")]);
            let (acted, survey, undo) = done(&ground, kind_draft(kind)).await;
            assert_eq!((acted.rows, survey.blast.exact_rows), (Some(2), Some(2)));
            assert_eq!(undo.len(), 3);
            for command in undo {
                let draft = draft(&command);
                let mut session = ground.session().await;
                match surveyed(&mut *session, &draft).await {
                    Ok(survey) => {
                        let proposal = Proposal::new(
                            Timestamp(1),
                            Origin::Undo(7),
                            Parts {
                                target: TargetId::new("cache"),
                                engine: "redis".into(),
                                environment: Environment::Development,
                                address: String::new(),
                                login: String::new(),
                                approvers: 1,
                                draft: draft.clone(),
                                survey: survey.clone(),
                                advice: Vec::new(),
                            },
                        );
                        assert_eq!(proposal.obstacle(), None, "{command}");
                        act(&ground, &draft, &survey, &mut Notes::default()).await.unwrap();
                    }
                    // What was not there before is not there now.
                    Err(error) => assert!(error.to_string().contains("there is no key"), "{error}"),
                }
            }
            assert_eq!(ground.state(), before);
        }
    });
}

#[test]
fn a_key_that_moves_voids_it() {
    if skipped() {
        return;
    }
    run(async {
        for mut ground in each("moved", "+set +expire") {
            ground.write("SET @a 1");
            let line = ground.line("SET @a 2");
            let draft = draft(&line);
            let survey = surveyed(&mut *ground.session().await, &draft).await.unwrap();
            // Between the approval and the last look: another kind of key, one that expires, and none at all.
            for text in ["DEL @a", "EXPIRE @a 1000", "SET @a text"] {
                ground.write("SET @a 1");
                ground.write(text);
                let before = ground.state();
                let error = act(&ground, &draft, &survey, &mut Notes::default()).await.unwrap_err();
                assert_eq!(error, ActError::RolledBack(Refusal::Moved("an object that it touches changed")), "{text}");
                assert_eq!(ground.state(), before, "{text}");
            }
            // What it holds now is more than an undo can keep.
            ground.write("SET @a text");
            let unlink = kind_draft(FixKind::UnlinkKeys(vec![ground.key("a")]));
            ground.write(&format!("SET @a {}", "y".repeat(100)));
            let unlinked = surveyed(&mut *ground.session().await, &unlink).await.unwrap();
            ground.write(&format!("SET @a {}", "x".repeat(40_000)));
            let error = act(&ground, &unlink, &unlinked, &mut Notes::default()).await.unwrap_err();
            assert!(matches!(error, ActError::RolledBack(Refusal::Moved(_))), "{error:?}");
            // Between the last look and the command.
            ground.write("SET @a 1");
            let (url, key) = (ground.url.clone(), ground.key("a"));
            let meanwhile = move || assert_eq!(Raw::connect(&url).ask(&["SET", &key, "3"]), "+OK");
            let mut notes = Notes { meanwhile: Some(Box::new(meanwhile)), ..Notes::default() };
            let error = act(&ground, &draft, &survey, &mut notes).await.unwrap_err();
            assert_eq!(error, ActError::RolledBack(Refusal::Moved("a key that it touches changed")));
            let key = ground.key("a");
            assert_eq!(ground.admin.ask(&["GET", &key]), "3");
        }
    });
}

#[test]
fn nothing_is_sent_that_cannot_be_kept_counted_or_is_stopped() {
    if skipped() {
        return;
    }
    run(async {
        for mut ground in each("kept", "") {
            for n in 0..3 {
                ground.write(&format!("SET @k{n} {n}"));
            }
            let names: Vec<String> = (0..3).map(|n| ground.key(&format!("k{n}"))).collect();
            let draft = kind_draft(FixKind::UnlinkKeys(names));
            let survey = surveyed(&mut *ground.session().await, &draft).await.unwrap();
            let before = ground.state();
            let mut notes = Notes { refuses: true, ..Notes::default() };
            assert!(matches!(act(&ground, &draft, &survey, &mut notes).await, Err(ActError::NoWitness(_))));
            let stop = CancellationToken::new();
            stop.cancel();
            let mut session = ground.session().await;
            let result = session.act(approved(&draft, &survey), &survey, &mut Notes::default(), &stop).await;
            assert_eq!(result.unwrap_err(), ActError::NotDone(SessionError::Canceled));
            let mut fewer = survey.clone();
            fewer.blast.exact_rows = Some(1);
            let result = act(&ground, &draft, &fewer, &mut Notes::default()).await;
            assert_eq!(result.unwrap_err(), ActError::RolledBack(Refusal::TooManyRows { changed: 3, most: 2 }));
            for change in [
                |survey: &mut Survey| survey.place.server = Some("another".into()),
                |survey: &mut Survey| survey.place.epoch = Some("another".into()),
                |survey: &mut Survey| survey.place.role = "replica".into(),
            ] {
                let mut elsewhere = survey.clone();
                change(&mut elsewhere);
                let result = act(&ground, &draft, &elsewhere, &mut Notes::default()).await;
                assert!(matches!(result, Err(ActError::RolledBack(Refusal::Moved(_)))), "{result:?}");
            }
            assert_eq!(ground.state(), before);
            // The session works on after all that.
            assert!(surveyed(&mut *session, &draft).await.is_ok());
        }
    });
}

#[test]
fn what_cannot_be_undone_or_is_not_there_is_said_before() {
    if skipped() {
        return;
    }
    run(async {
        for mut ground in each("said", "+set +hdel +copy") {
            ground.write("SET @small 1");
            let (large, value) = (ground.key("large"), "x".repeat(40_000));
            assert_eq!(ground.admin.ask(&["SET", &large, &value]), "+OK");
            let mut session = ground.session().await;
            let unlink = draft(&ground.line("UNLINK @large @small"));
            let survey = surveyed(&mut *session, &unlink).await.unwrap();
            assert!(
                matches!(&survey.inverse, Inverse::None(why) if why.contains("fits into one line")),
                "{:?}",
                survey.inverse
            );
            assert_eq!(survey.blast.at_least, Gravity::High);
            let told = survey.blast.notes.join("\n");
            assert!(told.contains("string raw") && told.contains("stays"), "{told}");
            let other = surveyed(&mut *session, &draft(&ground.line("COPY @small @other DB 1"))).await.unwrap();
            assert!(matches!(&other.inverse, Inverse::None(why) if why.contains("another database")));
            for text in ["UNLINK @none @nix", "HDEL @none f"] {
                let error = surveyed(&mut *session, &draft(&ground.line(text))).await.unwrap_err();
                assert!(error.to_string().contains("there is no key"), "{text}: {error}");
            }
        }
    });
}

#[test]
fn missing_rights_come_as_the_line_that_gives_them() {
    if skipped() {
        return;
    }
    run(async {
        for mut ground in each("rights", "") {
            ground.write("SET @a 1");
            let line = ground.line("EXPIRE @a 60");
            let mut session = ground.session().await;
            let survey = surveyed(&mut *session, &draft(&line)).await.unwrap();
            assert_eq!(survey.rights, Rights::Missing(vec![format!("ACL SETUSER {} +expire", ground.user)]));
            // Approved all the same: the server says no, and nothing changes.
            let before = ground.state();
            let result = act(&ground, &draft(&line), &survey, &mut Notes::default()).await;
            assert!(
                matches!(&result, Err(ActError::NotDone(SessionError::Server(e))) if e.code == "NOPERM"),
                "{result:?}"
            );
            assert_eq!(ground.state(), before);
            // The line that was shown is the one that helps.
            let Rights::Missing(lines) = survey.rights else { panic!() };
            assert_eq!(ground.admin.ask(&lines[0].split(' ').collect::<Vec<_>>()), "+OK");
            assert_eq!(surveyed(&mut *session, &draft(&line)).await.unwrap().rights, Rights::Held);
            // Seen from another login that may not ask.
            let read_only = if ground.url.contains(&servers::redis_url().rsplit_once('@').unwrap().1.to_owned()) {
                servers::redis_read_only_url()
            } else {
                servers::valkey_read_only_url().unwrap()
            };
            let mut reader = connect(&read_only).await;
            let survey = (SPEC.fixing.survey)(&mut *reader, &draft(&line), Some(&ground.user)).await.unwrap();
            assert!(matches!(survey.rights, Rights::Unknown(_)), "{:?}", survey.rights);
        }
    });
}

#[test]
fn a_setting_gets_its_value_and_its_old_one_back() {
    if skipped() {
        return;
    }
    run(async {
        for mut ground in each("setting", "") {
            let old = ground.admin.ask(&["CONFIG", "SET", "acllog-max-len", "128"]);
            assert_eq!(old, "+OK");
            let set =
                |value: &str| kind_draft(FixKind::ChangeSetting { name: "acllog-max-len".into(), value: value.into() });
            let (acted, survey, undo) = done(&ground, set("77")).await;
            assert_eq!(acted.answer.as_deref(), Some("OK"));
            assert_eq!(survey.preconditions[0].found, "128");
            assert_eq!(undo, ["CONFIG SET acllog-max-len 128"]);
            let stale = act(&ground, &set("78"), &survey, &mut Notes::default()).await;
            assert_eq!(stale.unwrap_err(), ActError::RolledBack(Refusal::Moved("a condition does not hold any more")));
            done(&ground, draft(&undo[0])).await;
            let survey = surveyed(&mut *ground.session().await, &set("1")).await.unwrap();
            assert_eq!(survey.preconditions[0].found, "128");
            // No limit is no value that the guard lets anybody set.
            let memory = kind_draft(FixKind::ChangeSetting { name: "maxmemory".into(), value: "8gb".into() });
            let survey = surveyed(&mut *ground.session().await, &memory).await.unwrap();
            assert!(matches!(survey.inverse, Inverse::None(_)), "{:?}", survey.inverse);
        }
    });
}

#[test]
fn one_connection_is_ended_and_only_the_one_that_was_pointed_at() {
    if skipped() {
        return;
    }
    run(async {
        for ground in each("ended", "") {
            let mut victim = Raw::connect(&ground.url);
            let id: i64 = victim.ask(&["CLIENT", "ID"]).trim_start_matches(':').parse().unwrap();
            let point =
                |id: i64| FixKind::EndSessions(vec![SessionRef { id, facts: Vec::new(), about: String::new() }]);
            let mut session = ground.session().await;
            let frozen = (SPEC.fixing.freeze)(&mut *session, point(id)).await.unwrap();
            let FixKind::EndSessions(sessions) = &frozen else { panic!() };
            assert!(sessions[0].about.contains(&ground.user), "{}", sessions[0].about);
            // Facts of another connection of that number.
            let mut other = sessions[0].clone();
            other.facts[0].1 = "10.0.0.1:1".into();
            let error = surveyed(&mut *session, &kind_draft(FixKind::EndSessions(vec![other]))).await.unwrap_err();
            assert!(error.to_string().contains("another connection"), "{error}");
            let draft = kind_draft(frozen);
            let (acted, survey, _) = done(&ground, draft.clone()).await;
            assert_eq!(acted.answer.as_deref(), Some("1"));
            assert_eq!(victim.ask(&["PING"]), "", "it is still connected");
            let again = act(&ground, &draft, &survey, &mut Notes::default()).await.unwrap_err();
            assert!(again.to_string().contains("is gone"), "{again}");
            // What is gone is left out, and our own is not ended.
            assert_eq!((SPEC.fixing.freeze)(&mut *session, point(id)).await.unwrap(), FixKind::EndSessions(Vec::new()));
            let rows = super::support::read(&mut *session, "CLIENT ID").await;
            let own = match rows {
                Ok((rows, _)) => rows.rows[0][0].int().unwrap(),
                Err(error) => panic!("{error:?}"),
            };
            let error = (SPEC.fixing.freeze)(&mut *session, point(own)).await.unwrap_err();
            assert!(error.to_string().contains("this program's own"), "{error}");
        }
    });
}

#[test]
fn upkeep_runs() {
    if skipped() {
        return;
    }
    run(async {
        for ground in each("upkeep", "") {
            let (acted, survey, undo) = done(&ground, draft("MEMORY PURGE")).await;
            assert_eq!(acted.answer.as_deref(), Some("OK"));
            assert!(undo.is_empty() && survey.objects.is_empty());
        }
    });
}
