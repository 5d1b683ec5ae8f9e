//! Finds an installed Postgres server; installs nothing.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::error::EmbeddedError;
use super::program::output_of;

/// Where Homebrew links its formulas, on Apple and on Intel machines and on Linux.
const HOMEBREW: [&str; 3] =
    ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"];

/// One installation: a directory that holds both `postgres` and `initdb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    directory: PathBuf,
    /// The major version, as a cluster's `PG_VERSION` writes it.
    major: String,
}

impl Binaries {
    /// The first installation that can serve: any for a new cluster, the same major version for one made before.
    pub(super) fn find(
        pg_bin: Option<&Path>,
        cluster: &Path,
        cluster_major: Option<&str>,
    ) -> Result<Self, EmbeddedError> {
        let candidates = match pg_bin {
            Some(directory) => vec![directory.to_owned()],
            None => usual_places()?,
        };
        let mut found = Vec::new();
        for directory in candidates {
            let Some(binaries) = Self::inspect(directory)? else { continue };
            if cluster_major.is_none_or(|major| major == binaries.major) {
                return Ok(binaries);
            }
            found.push(binaries.major);
        }
        match cluster_major {
            Some(needed) if !found.is_empty() => Err(EmbeddedError::WrongVersion {
                directory: cluster.to_owned(),
                needed: needed.to_owned(),
                found: found.join(", "),
            }),
            _ => Err(EmbeddedError::NotFound { searched: searched(pg_bin) }),
        }
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }

    fn inspect(directory: PathBuf) -> Result<Option<Self>, EmbeddedError> {
        let postgres = directory.join("postgres");
        if !postgres.is_file() || !directory.join("initdb").is_file() {
            return Ok(None);
        }
        let version = output_of(postgres.as_os_str(), &["--version".as_ref()])?;
        Ok(version.as_deref().and_then(major_of).map(|major| Self { directory, major }))
    }
}

/// `postgres (PostgreSQL) 15.13 (Debian …)` → `15`.
fn major_of(version: &str) -> Option<String> {
    let number = version.split("(PostgreSQL) ").nth(1)?;
    let major: String = number.chars().take_while(char::is_ascii_digit).collect();
    (!major.is_empty()).then_some(major)
}

fn searched(pg_bin: Option<&Path>) -> String {
    pg_bin.map_or_else(
        || "PATH, /usr/lib/postgresql/*/bin, /usr/pgsql-*/bin and Homebrew".to_owned(),
        |directory| format!("PG_BIN={}", directory.display()),
    )
}

fn usual_places() -> Result<Vec<PathBuf>, EmbeddedError> {
    let mut places = Vec::new();
    // The shell knows PATH; a link leads to the installation, where `initdb` is the matching one.
    let shell: [&OsStr; 2] = ["-c".as_ref(), "command -v postgres".as_ref()];
    if let Some(program) = output_of("sh".as_ref(), &shell)?
        && let Ok(program) = Path::new(&program).canonicalize()
        && let Some(directory) = program.parent()
    {
        places.push(directory.to_owned());
    }
    places.extend(versioned("/usr/lib/postgresql", ""));
    places.extend(versioned("/usr", "pgsql-"));
    for prefix in HOMEBREW {
        places.extend(versioned(prefix, "postgresql@"));
        places.push(Path::new(prefix).join("postgresql/bin"));
    }
    Ok(places)
}

/// The `bin` directories of `<parent>/<prefix><number>`, highest number first.
fn versioned(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join("bin")))
        })
        .collect();
    found.sort_by(|left, right| right.cmp(left));
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::major_of;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(
            major_of("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)").as_deref(),
            Some("15")
        );
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1").as_deref(), Some("18"));
        assert_eq!(major_of("something else"), None);
    }
}
