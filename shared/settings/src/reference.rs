//! The reference of a program's settings, out of its commented `default.toml`.

use std::fmt::Write as _;

/// Markdown: one table per section with key, default and the comment above it.
#[must_use]
pub fn reference_markdown(defaults: &str) -> String {
    let mut page = String::new();
    let mut section = String::new();
    let mut comment: Vec<&str> = Vec::new();
    let mut in_table = false;
    for line in defaults.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim());
        } else if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            name.clone_into(&mut section);
            let _ = writeln!(page, "\n## `{name}`\n");
            if !comment.is_empty() {
                let _ = writeln!(page, "{}\n", comment.join(" "));
            }
            comment.clear();
            in_table = false;
        } else if let Some((key, value)) = line.split_once('=') {
            if !in_table {
                page.push_str("| Key | Default | Meaning |\n| --- | --- | --- |\n");
                in_table = true;
            }
            let key = key.trim();
            let path = if section.is_empty() {
                key.to_owned()
            } else {
                format!("{section}.{key}")
            };
            let meaning = comment.join(" ").replace('|', "\\|");
            let _ = writeln!(page, "| `{path}` | `{}` | {meaning} |", value.trim());
            comment.clear();
        } else if line.is_empty() {
            if section.is_empty() && !comment.is_empty() && !in_table {
                let _ = writeln!(page, "{}\n", comment.join(" "));
            }
            comment.clear();
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_meanings() {
        let page = reference_markdown(
            "# The program.\n\n# How much.\nlevel = 3\n\n# The door.\n[door]\n# Where\n# it is.\naddress = \"x\"\n",
        );
        assert!(page.starts_with("The program.\n"));
        assert!(page.contains("| `level` | `3` | How much. |"));
        assert!(page.contains("## `door`\n\nThe door.\n"));
        assert!(page.contains("| `door.address` | `\"x\"` | Where it is. |"));
    }
}
