//! What the demo prints: headings, sentences, and statements with psql's answers. Plain text, at most 100 columns.

use std::io::Write;

use super::stage::DATABASE;
use crate::Cluster;

pub(super) const WIDTH: usize = 100;

pub(super) struct Screen<'a> {
    out: &'a mut dyn Write,
    steps: u32,
    ends_blank: bool,
}

/// The terminal is gone, or a statement failed: what to tell the user.
pub(super) type Told<T> = Result<T, String>;

impl<'a> Screen<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            steps: 0,
            ends_blank: false,
        }
    }

    pub(super) fn print(&mut self, text: &str) -> Told<()> {
        self.ends_blank = text.is_empty() || text.ends_with('\n');
        let written = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
        written.map_err(|error| format!("nothing can be printed: {error}"))
    }

    pub(super) fn heading(&mut self, text: &str) -> Told<()> {
        self.steps += 1;
        let line = format!("--- {}. {text} ", self.steps);
        if !self.ends_blank {
            self.print("")?;
        }
        self.print(&format!("{line:-<WIDTH$}\n"))
    }

    /// Sentences, wrapped.
    pub(super) fn say(&mut self, text: &str) -> Told<()> {
        self.print(&wrapped(text, WIDTH))
    }

    /// A statement as typed in psql, and its answer.
    pub(super) fn psql(&mut self, cluster: &Cluster, statement: &str) -> Told<()> {
        self.typed(statement)?;
        self.table(cluster, statement)
    }

    pub(super) fn typed(&mut self, statement: &str) -> Told<()> {
        self.print(&format!("{DATABASE}=# {statement}"))
    }

    /// Only the answer, and a blank line.
    pub(super) fn table(&mut self, cluster: &Cluster, statement: &str) -> Told<()> {
        let columns = format!("columns={WIDTH}");
        let answer = ask(
            cluster,
            statement,
            &["footer=off", "null=-", "format=wrapped", &columns],
        )?;
        for line in answer.trim_end().lines() {
            self.print(line.trim_end())?;
        }
        self.print("")
    }

    /// An answer that is a sentence.
    pub(super) fn sentence(&mut self, cluster: &Cluster, statement: &str) -> Told<()> {
        self.typed(statement)?;
        let answer = ask(cluster, statement, &["tuples_only=on", "format=unaligned"])?;
        self.say(&answer)?;
        self.print("")
    }
}

fn ask(cluster: &Cluster, statement: &str, formats: &[&str]) -> Told<String> {
    let mut psql = cluster.binaries().client("psql");
    psql.args(["-X", "-v", "ON_ERROR_STOP=1", "-U", "postgres"])
        .args(formats.iter().flat_map(|format| ["-P", format]))
        .arg("-h")
        .arg(cluster.socket_dir())
        .args(["-p", &cluster.port().to_string(), "-d", DATABASE])
        .args(["-c", statement]);
    let output = psql
        .output()
        .map_err(|error| format!("psql does not start: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let problem = String::from_utf8_lossy(&output.stderr);
        Err(format!("{statement}\n{}", problem.trim_end()))
    }
}

/// Lines of at most `width` characters, broken at blanks; the breaks in `text` stay.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn text_is_broken_at_blanks_and_long_words_stay_whole() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree");
        assert_eq!(wrapped("a\nunbreakable b", 4), "a\nunbreakable\nb");
    }
}
