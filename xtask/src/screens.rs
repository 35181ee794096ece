//! `cargo xtask screens`: what the guide shows of a terminal, as the real command prints it.
//!
//! Each scene has a folder of its own, empty but for its files, and a terminal of a fixed width; its
//! commands run one after another, and what is typed and printed becomes a file beside the guide's
//! chapters. What differs from one machine to the next is masked (`screens/mask.rs`). The scenes need no
//! compiler and no network: their plug-ins are WebAssembly text.

mod mask;
mod scenes;
mod stage;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};

use self::{
    scenes::{SCENES, Scene},
    stage::Stage,
};
use crate::{cli, progress::Progress, workspace::Workspace};

/// Where the screens are.
const FOLDER: &str = "docs/guide/src/screens";

/// How many steps [`compare`] takes.
pub(crate) const N_STEPS: usize = 2;

/// Runs the command.
///
/// # Errors
///
/// If the program does not compile, a scene cannot be run, or `check` is set and one differs.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let mut progress = Progress::new(N_STEPS);
    if check {
        compare(workspace, &mut progress)?;
    } else {
        write(workspace, &mut progress)?;
    }
    progress.finish("The guide shows what the command prints");
    Ok(())
}

/// Runs the scenes and compares, in [`N_STEPS`] steps of the caller's progress.
///
/// # Errors
///
/// If the program does not compile, or the guide shows anything else than it prints.
pub(crate) fn compare(workspace: &Workspace, progress: &mut Progress) -> Result<()> {
    const ADVICE: &str = "`cargo xtask screens` writes what is printed now";
    let theatre = Theatre::build(workspace, progress)?;
    let folder = workspace.root.join(FOLDER);
    for scene in SCENES {
        let path = folder.join(file_name(scene));
        let shown = fs::read_to_string(&path).unwrap_or_default();
        let printed = theatre.play(scene)?;
        if shown != printed {
            bail!("`{}` is not what the command prints:\n{printed}\n{ADVICE}", path.display());
        }
    }
    let strange = strange_files(&folder)?;
    ensure!(strange.is_empty(), "no scene makes {strange:?} in `{FOLDER}`");
    Ok(())
}

/// Runs the scenes and writes what is printed.
fn write(workspace: &Workspace, progress: &mut Progress) -> Result<()> {
    let theatre = Theatre::build(workspace, progress)?;
    let folder = workspace.root.join(FOLDER);
    fs::create_dir_all(&folder)?;
    for scene in SCENES {
        let path = folder.join(file_name(scene));
        fs::write(&path, theatre.play(scene)?)
            .with_context(|| format!("writing `{}`", path.display()))?;
    }
    for name in strange_files(&folder)? {
        fs::remove_file(folder.join(&name)).with_context(|| format!("removing `{name}`"))?;
    }
    Ok(())
}

fn file_name(scene: &Scene) -> String {
    format!("{}.txt", scene.name)
}

/// The files that no scene makes.
fn strange_files(folder: &Path) -> Result<Vec<String>> {
    let known: BTreeSet<_> = SCENES.iter().map(file_name).collect();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.retain(|name| !known.contains(name));
    Ok(names)
}

/// The program that plays in the scenes, and the folder that theirs are in.
struct Theatre {
    program: PathBuf,
    folder: PathBuf,
}

impl Theatre {
    /// Compiles the program, as one step of the caller's progress, and begins the next.
    fn build(workspace: &Workspace, progress: &mut Progress) -> Result<Self> {
        let program = cli::build(workspace, progress)?;
        progress.step("Running what the guide shows", "");
        Ok(Self { program, folder: workspace.target.join("screens") })
    }

    /// Runs a scene, and returns what a person would see.
    fn play(&self, scene: &Scene) -> Result<String> {
        let mut stage = Stage::new(&self.program, self.folder.join(scene.name), scene.files)?;
        for line in scene.before {
            stage.type_in(line)?;
        }
        let mut screen = String::new();
        for line in scene.shown {
            // A blank line stands behind what was printed, and not behind a `cd`.
            if screen.lines().last().is_some_and(|last| !last.starts_with("$ ")) {
                screen.push('\n');
            }
            screen.extend(["$ ", line, "\n"]);
            screen.push_str(&stage.type_in(line)?);
        }
        let screen = mask::mask(&screen);
        Ok(if scene.has_figures { mask::mask_figures(&screen) } else { screen })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_have_names_of_their_own() {
        let names: BTreeSet<_> = SCENES.iter().map(|scene| scene.name).collect();
        assert_eq!(names.len(), SCENES.len());
    }
}
