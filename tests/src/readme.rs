//! The parts of a Markdown file that can be tested: its fenced blocks are run and their output compared ([`output`]), what
//! its prose names must exist ([`prose`]), its words are those of the style guide ([`words`]), and the reference is made
//! from the database ([`reference`]).

pub mod literals;
pub mod output;
pub mod prose;
pub mod reference;
pub mod words;

/// One fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first word behind the fence: `sql`.
    pub lang: String,
    /// What follows it: ```` ```sql role=frontdesk ````.
    pub info: String,
    pub text: String,
    /// The line of the block's first line of text, counted from 1.
    pub line: usize,
}

/// All fenced blocks, in order. A fence that is never closed reaches to the end, as in CommonMark.
pub fn readme_blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = (1..).zip(markdown.lines());
    while let Some((number, line)) = lines.next() {
        let Some(fence) = Fence::open(line) else {
            continue;
        };
        let text: String = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| !fence.is_closed_by(line))
            .flat_map(|line| [fence.dedent(line), "\n"])
            .collect();
        let (lang, info) = fence
            .info
            .split_once(char::is_whitespace)
            .unwrap_or((fence.info, ""));
        blocks.push(Block {
            lang: lang.to_owned(),
            info: info.trim().to_owned(),
            text,
            line: number + 1,
        });
    }
    blocks
}

struct Fence<'a> {
    mark: char,
    length: usize,
    indent: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn open(line: &'a str) -> Option<Self> {
        let stripped = line.trim_start_matches(' ');
        let indent = line.len() - stripped.len();
        let mark = stripped
            .chars()
            .next()
            .filter(|mark| matches!(mark, '`' | '~'))?;
        let info = stripped.trim_start_matches(mark);
        let length = stripped.len() - info.len();
        let info = info.trim();
        // ```text``` on one line is inline code.
        (length >= 3 && !(mark == '`' && info.contains('`'))).then_some(Self {
            mark,
            length,
            indent,
            info,
        })
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let line = line.trim();
        line.len() >= self.length && line.chars().all(|found| found == self.mark)
    }

    /// Inside a list the block is indented as its fence is.
    fn dedent<'l>(&self, line: &'l str) -> &'l str {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        &line[blanks.min(self.indent)..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_in_order_with_language_info_and_line() {
        let blocks = readme_blocks(
            "# x\n\n```sql role=frontdesk\nselect 1;\n\nselect 2;\n```\ntext\n~~~\nplain\n~~~\n",
        );
        assert_eq!(blocks.len(), 2);
        assert_eq!(
            (
                blocks[0].lang.as_str(),
                blocks[0].info.as_str(),
                blocks[0].line
            ),
            ("sql", "role=frontdesk", 4)
        );
        assert_eq!(blocks[0].text, "select 1;\n\nselect 2;\n");
        assert_eq!(
            (
                blocks[1].lang.as_str(),
                blocks[1].text.as_str(),
                blocks[1].line
            ),
            ("", "plain\n", 10)
        );
    }

    #[test]
    fn a_longer_fence_holds_a_shorter_one_and_inline_code_is_no_fence() {
        let blocks = readme_blocks("````md\n```sql\nselect 1;\n```\n````\n```inline``` code\n");
        assert_eq!(blocks.len(), 1);
        assert_eq!(blocks[0].text, "```sql\nselect 1;\n```\n");
    }

    #[test]
    fn a_block_in_a_list_loses_the_indentation_of_its_fence() {
        let blocks = readme_blocks("1. do\n   ```sql\n   select\n     1;\n   ```\n");
        assert_eq!(blocks[0].text, "select\n  1;\n");
    }
}
