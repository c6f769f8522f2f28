//! A setting that somebody has changed to a value that does harm, and one whose value does none.

use super::*;
use dba_gpt::domain::procedure::Check;

registry::cures! {
    "mysql", at_hand;
    a_setting_that_does_harm_goes_back_to_its_default,
}

/// Settings of sessions that begin later, with a value that does harm and one that does none. Which one a test has, no
/// other test changes meanwhile.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("join_buffer_size", "8192", "4194304"),
    ("sort_buffer_size", "32768", "4194304"),
    ("tmp_table_size", "16384", "33554432"),
];

async fn a_setting_that_does_harm_goes_back_to_its_default(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "set", &mut dice);
        let &(name, harmful, harmless) = dice.pick(SETTINGS);
        let shown = format!("SELECT @@global.{name}");
        let default = scene.run(&shown);
        let about = |plan: &Plan| {
            let kind = plan.steps.first().and_then(|step| step.draft.kind.as_ref());
            kind == Some(&FixKind::ResetSetting(name.to_owned()))
        };

        scene.run(&format!("SET GLOBAL {name} = {harmless}"));
        let twin = scene.until("anything", None, |_| true).await;
        assert!(!twin.plans.iter().any(about), "nobody is hurt by {harmless}: {:#?}", twin.plans);

        scene.run(&format!("SET GLOBAL {name} = {harmful}"));
        let cure = scene.curable(Cause::ConfigRegression, "SETTING", about).await;
        // Somebody sets it right before it is approved.
        let waits = scene.proposed(&cure, 0).await.unwrap();
        scene.run(&format!("SET GLOBAL {name} = {harmless}"));
        scene.refused_at_last(&waits).await;
        assert_eq!(scene.run(&shown), [harmless], "theirs stays");

        scene.run(&format!("SET GLOBAL {name} = {harmful}"));
        let never = Check::SettingIs { name: name.to_owned(), value: "7".to_owned() };
        scene.broken_and_taken_back(&cure, never).await;
        assert_eq!(scene.run(&shown), [harmful], "what did not help is taken back");

        let done = scene.cured(&cure).await;
        assert_eq!(scene.run(&shown), default, "{}", scene.product);
        scene.bed.undone(&done[0]).await;
        assert_eq!(scene.run(&shown), [harmful]);
        scene.run(&format!("SET GLOBAL {name} = {}", default[0]));
    })
    .await;
}
