//! Who may depend on whom: the arrows of the architecture, over what cargo says.

use super::{Complaint, Weight};
use crate::workspace::Package;

/// What one package of ours may name of ours.
struct Direction {
    package: &'static str,
    /// In what it ships.
    ships: &'static [&'static str],
    /// In its tests, beyond that.
    tests: &'static [&'static str],
}

const DIRECTIONS: &[Direction] = &[
    Direction { package: "plugsmith-kernel", ships: &[], tests: &[] },
    Direction { package: "plugsmith-manifest", ships: &[], tests: &[] },
    Direction { package: "plugsmith-convert", ships: &["plugsmith-pdk-macros"], tests: &[] },
    Direction {
        package: "plugsmith-pdk-macros",
        ships: &[],
        tests: &["plugsmith-convert", "plugsmith-pdk"],
    },
    Direction {
        package: "plugsmith-pdk",
        ships: &["plugsmith-convert", "plugsmith-manifest", "plugsmith-pdk-macros"],
        tests: &[],
    },
    Direction {
        package: "plugsmith",
        ships: &["plugsmith-convert", "plugsmith-kernel", "plugsmith-manifest"],
        tests: &[],
    },
    Direction { package: "plugsmith-signature", ships: &[], tests: &[] },
    Direction { package: "plugsmith-compat", ships: &[], tests: &["plugsmith"] },
    Direction {
        package: "plugsmith-fuzz-bodies",
        ships: &[
            "plugsmith",
            "plugsmith-convert",
            "plugsmith-kernel",
            "plugsmith-manifest",
            "plugsmith-signature",
        ],
        tests: &[],
    },
    Direction { package: "moved_host", ships: &[], tests: &["plugsmith"] },
    Direction { package: "plugsmith-examples", ships: &["plugsmith"], tests: &[] },
    Direction { package: "plugsmith-serve", ships: &[], tests: &[] },
    Direction {
        package: "plugsmith-cli",
        ships: &["plugsmith", "plugsmith-serve", "plugsmith-signature"],
        tests: &["plugsmith-pdk"],
    },
    Direction {
        package: "plugsmith-guide",
        ships: &["plugsmith", "plugsmith-manifest", "plugsmith-pdk", "plugsmith-signature"],
        tests: &[],
    },
    Direction { package: "plugsmith-capi", ships: &["plugsmith"], tests: &[] },
    Direction { package: "plugsmith-bench", ships: &["plugsmith", "plugsmith-serve"], tests: &[] },
    Direction { package: "plugsmith-soak", ships: &["plugsmith"], tests: &[] },
    Direction { package: "xtask", ships: &[], tests: &[] },
];

/// What each package below [`GUESTS`] may name of ours.
const GUEST: Direction = Direction { package: "a plug-in", ships: &["plugsmith-pdk"], tests: &[] };
const GUESTS: [&str; 2] = ["examples/guests/rust/", "compat/guests/"];

/// The packages that may name the engine.
const ENGINE_USERS: [&str; 2] = ["plugsmith", "plugsmith-bench"];

/// Checks every package of the workspace.
pub(super) fn check(packages: &[Package]) -> Vec<Complaint> {
    let ours: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
    packages.iter().flat_map(|package| check_package(package, &ours)).collect()
}

fn check_package(package: &Package, ours: &[&str]) -> Vec<Complaint> {
    let complain = |text: String| Complaint {
        weight: Weight::Failure,
        place: format!("{}/Cargo.toml:1", package.folder),
        text,
    };
    let Some(direction) = direction(package) else {
        return vec![complain(format!("tidy knows no direction for `{}`", package.name))];
    };
    let mut complaints = Vec::new();
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        let allowed = direction.ships.contains(&name)
            || dependency.dev && (direction.tests.contains(&name) || name == package.name);
        if ours.contains(&name) && !allowed {
            complaints.push(complain(format!("`{}` may not depend on `{name}`", package.name)));
        }
        if name.starts_with("wasmtime") && !ENGINE_USERS.contains(&package.name.as_str()) {
            complaints.push(complain(format!("`{}` may not name the engine", package.name)));
        }
        if package.name == "plugsmith-kernel" && !dependency.dev {
            complaints.push(complain(format!("the kernel depends on nothing, not on `{name}`")));
        }
    }
    complaints
}

fn direction(package: &Package) -> Option<&'static Direction> {
    if GUESTS.iter().any(|folder| package.folder.starts_with(folder)) {
        return Some(&GUEST);
    }
    DIRECTIONS.iter().find(|direction| direction.package == package.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, folder: &str, dependencies: &[(&str, bool)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|(name, dev)| Dependency { name: (*name).to_owned(), dev: *dev })
            .collect();
        Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            dependencies,
            ..Package::default()
        }
    }

    /// Checks one package in a workspace that has all the others.
    fn complaints(package: &Package) -> Vec<String> {
        let names = DIRECTIONS.iter().map(|direction| direction.package);
        let ours: Vec<_> = names.chain(["discount"]).collect();
        check_package(package, &ours).into_iter().map(|complaint| complaint.text).collect()
    }

    #[test]
    fn the_arrows_are_accepted() {
        let rows = [
            package("plugsmith", "runtime", &[("plugsmith-convert", false), ("wasmtime", false)]),
            package("plugsmith", "runtime", &[("plugsmith-kernel", false), ("proptest", true)]),
            package("plugsmith-pdk", "pdk", &[("plugsmith-pdk-macros", false), ("serde", false)]),
            package("discount", "examples/guests/rust/discount", &[("plugsmith-pdk", false)]),
            package("plugsmith-kernel", "kernel", &[("proptest", true)]),
        ];
        for package in rows {
            assert_eq!(complaints(&package), [""; 0], "{package:?}");
        }
    }

    #[test]
    fn arrows_the_other_way_are_refused() {
        let rows = [
            (
                package("plugsmith-pdk", "pdk", &[("plugsmith", false)]),
                "`plugsmith-pdk` may not depend on `plugsmith`",
            ),
            (
                package("plugsmith-pdk", "pdk", &[("plugsmith-kernel", false)]),
                "`plugsmith-pdk` may not depend on `plugsmith-kernel`",
            ),
            (
                package("plugsmith-convert", "convert", &[("wasmtime", true)]),
                "`plugsmith-convert` may not name the engine",
            ),
            (
                package("plugsmith-kernel", "kernel", &[("libm", false)]),
                "the kernel depends on nothing, not on `libm`",
            ),
            (
                package("discount", "examples/guests/rust/discount", &[("plugsmith", false)]),
                "`discount` may not depend on `plugsmith`",
            ),
            (
                package("xtask", "xtask", &[("discount", false)]),
                "`xtask` may not depend on `discount`",
            ),
            (package("newcomer", "newcomer", &[]), "tidy knows no direction for `newcomer`"),
        ];
        for (package, text) in rows {
            assert_eq!(complaints(&package), [text]);
        }
    }
}
