//! Writes `.env.example` from the table of settings, so that the file cannot fall behind the code.

use super::SETTINGS;

/// The whole of `.env.example`.
#[must_use]
pub fn env_example() -> String {
    let mut text = String::from(
        "# Every setting of Till. Made from the code's own table; a test compares the two.\n\
         # Each line shows the default, or an example where there is none. Settings that are no secret are\n\
         # also flags (`till up --listen 127.0.0.1:8081`). A wrong value or an unknown TILL_ name stops the start.\n",
    );
    for setting in SETTINGS {
        let value = setting.default.unwrap_or(setting.example);
        let flag = setting.flag().map(|flag| format!(" Flag: --{flag}")).unwrap_or_default();
        text.extend(["\n# ", setting.help, &flag, "\n#", setting.name, "=", value, "\n"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::env_example;

    #[test]
    fn the_committed_example_is_the_table() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let committed = std::fs::read_to_string(root.join(".env.example")).unwrap_or_default();
        if committed != env_example() {
            let fresh = root.join("target/env.example");
            std::fs::write(&fresh, env_example()).expect("the fresh file is written");
            panic!(".env.example differs from the settings: cp target/env.example .env.example");
        }
    }
}
