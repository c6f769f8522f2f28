//! The screens as text: golden frames of every screen, overlay and state in every size, and what must hold for all.
//!
//! A frame that changed on purpose is written anew with `INSTA_UPDATE=always cargo test --test it screens`.

mod approvals;
pub mod fixtures;
pub mod healing;
mod hostile;
pub mod incidents;
mod keys;
mod panes;
pub mod proposals;
mod rules;
mod scenes;
mod stage;

use dba_gpt::app::command::THEMES;
use dba_gpt::app::model::Model;
use dba_gpt::ui::{ColorDepth, Symbols};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use scenes::{SCENES, Scene};
use stage::{Look, Stage, text};

/// Full, compact, and a split of a terminal.
const SIZES: [(u16, u16); 3] = [(100, 30), (80, 24), (60, 17)];

/// Every scene.
fn scenes() -> impl Iterator<Item = &'static Scene> {
    SCENES.iter().chain(approvals::SCENES).chain(incidents::SCENES).chain(healing::SCENES).chain(rules::SCENES)
}

fn frame(scene: &Scene, look: Look, (width, height): (u16, u16)) -> Buffer {
    let mut stage = Stage::new(look, width, height);
    (scene.1)(&mut stage);
    stage.draw()
}

#[test]
fn golden_frames() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for scene in scenes() {
            let mut out = String::new();
            for size in SIZES {
                out.push_str(&format!("{}x{}\n{}\n", size.0, size.1, text(&frame(scene, Look::default(), size))));
            }
            let ascii = Look { symbols: Symbols::Ascii, ..Look::default() };
            out.push_str(&format!("80x24, ASCII\n{}", text(&frame(scene, ascii, (80, 24)))));
            insta::assert_snapshot!(scene.0, out);
        }
    });
}

#[test]
fn every_theme_shows_the_same_text() {
    for scene in scenes() {
        for size in [(100, 30), (60, 17)] {
            let plain = text(&frame(scene, Look::default(), size));
            for theme in THEMES {
                let look = Look { color: ColorDepth::TrueColor, theme, ..Look::default() };
                // The help names the theme.
                let shown = text(&frame(scene, look, size));
                let same = shown.replace(&format!(" theme {theme} "), "") == plain.replace(" theme default ", "");
                assert!(same || scene.0.starts_with("help"), "{} in {theme}:\n{shown}", scene.0);
            }
            let mono = text(&frame(scene, Look { color: ColorDepth::None, ..Look::default() }, size));
            assert_eq!(mono, plain, "{} without colours", scene.0);
        }
    }
}

#[test]
fn without_colours_nothing_is_coloured_and_the_selection_is_still_seen() {
    for scene in scenes() {
        let buffer = frame(scene, Look { color: ColorDepth::None, ..Look::default() }, (100, 30));
        for cell in buffer.content() {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{}", scene.0);
        }
    }
    let buffer = frame(&SCENES[0], Look { color: ColorDepth::None, ..Look::default() }, (100, 30));
    assert!(buffer[(10, 4)].modifier.contains(Modifier::REVERSED));
}

#[test]
fn ascii_frames_hold_ascii_where_the_data_does() {
    for scene in scenes() {
        let look = Look { symbols: Symbols::Ascii, ..Look::default() };
        for (n, line) in text(&frame(scene, look, (100, 30))).lines().enumerate() {
            let ours: String = line.chars().filter(|c| !"größeüZoë漢字山田太郎東京öTabelle".contains(*c)).collect();
            assert!(ours.is_ascii(), "{} line {n}: {line}", scene.0);
        }
    }
}

#[test]
fn no_size_is_too_small_or_too_large() {
    // The borders of each layout, and what lies far beyond them.
    let widths = [1, 2, 3, 5, 39, 40, 41, 60, 77, 78, 97, 98, 300];
    let heights = [1, 2, 3, 7, 8, 9, 19, 20, 27, 28, 100];
    for (i, scene) in scenes().enumerate() {
        let mut stage = Stage::new(Look::default(), 100, 30);
        (scene.1)(&mut stage);
        for (j, width) in widths.into_iter().enumerate() {
            for (k, height) in heights.into_iter().enumerate() {
                // A third of the sizes for each scene; every size for many scenes.
                if (i + j + k) % 3 == 0 {
                    stage.draw_at(width, height);
                }
            }
        }
    }
}

#[test]
fn every_small_size_draws_the_fleet_and_a_server() {
    let names = [
        "fleet",
        "server_blocking",
        "chat_results",
        "help",
        "approvals_waiting",
        "approvals_not_read_yet",
        "incidents_list",
        "incidents_detail",
        "incidents_patterns",
        "incidents_silence",
    ];
    for name in names {
        let scene = scenes().find(|s| s.0 == name).unwrap();
        let mut stage = Stage::new(Look::default(), 100, 30);
        (scene.1)(&mut stage);
        for height in 1..=30 {
            for width in (1..=104).step_by(3) {
                stage.draw_at(width, height);
            }
        }
    }
}

#[test]
fn a_terminal_that_is_too_small_says_what_it_needs() {
    assert_eq!(text(&frame(&SCENES[0], Look::default(), (39, 7))).lines().next(), Some("too small: 39x7, needs 40x8"));
    let smallest = text(&frame(&SCENES[0], Look::default(), (40, 8)));
    assert!(smallest.contains("CRIT") && smallest.contains("pg-orders-1"), "{smallest}");
}

#[test]
fn a_frame_that_did_not_change_is_the_same_frame() {
    for scene in scenes() {
        let mut stage = Stage::new(Look::default(), 100, 30);
        (scene.1)(&mut stage);
        let (first, second) = (stage.draw(), stage.draw());
        assert_eq!(first, second, "{}: what is not new must cost nothing on the line", scene.0);
    }
}

#[test]
fn the_theme_changes_while_it_runs() {
    let mut stage = Stage::with(fixtures::chat());
    let before = stage.draw();
    stage.view.set_theme("dark").unwrap();
    let after = stage.draw();
    assert_ne!(before, after);
    assert_eq!(text(&before), text(&after));
    assert!(stage.view.set_theme("pink").is_err_and(|e| e.contains("cb-safe")));
}

#[test]
fn a_conversation_of_many_pieces_is_drawn_from_what_is_seen() {
    let mut model: Model = fixtures::chat();
    let some = model.chat.entries.clone();
    for _ in 0..400 {
        model.chat.entries.extend(some.iter().cloned());
    }
    let mut stage = Stage::with(model);
    let text = stage.text();
    assert!(text.contains("SQL 1203") && text.contains("following"), "{text}");
}
