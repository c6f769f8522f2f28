//! `completions` and `man`: made from the same definition as the command line itself.

use super::{Exit, Headless, Outcome};
use crate::config::args::Args;
use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

/// Prints the completion script of a shell.
pub(super) fn script(shell: Shell, io: &mut Headless<'_>) -> Outcome {
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    // Into memory first: the generator panics when a pipe breaks under it.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    io.stdout.write_all(&script)?;
    Ok(Exit::Fine)
}

/// Prints the manual: one page, with a section for each command.
pub(super) fn man(io: &mut Headless<'_>) -> Outcome {
    let mut root = Args::command();
    root.build();
    let mut page = Vec::new();
    Man::new(root.clone()).render(&mut page)?;
    let mut text = String::from_utf8_lossy(&page).into_owned();
    for command in root.get_subcommands() {
        let mut sections = Vec::new();
        let man = Man::new(command.clone());
        man.render_synopsis_section(&mut sections)?;
        man.render_description_section(&mut sections)?;
        man.render_options_section(&mut sections)?;
        // The sections of a command stand one level lower than those of the page.
        let sections = String::from_utf8_lossy(&sections).replace(".SH ", ".SS ");
        // There is one page, so the list of commands names its sections.
        let name = command.get_name();
        text = text.replace(&format!("dba\\-gpt\\-{name}(1)"), name);
        text.push_str(&format!(".SH \"{}\"\n{sections}", name.to_uppercase()));
    }
    io.stdout.write_all(text.as_bytes())?;
    Ok(Exit::Fine)
}
