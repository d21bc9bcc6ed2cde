//! A PostgreSQL installation beside the installed one, with other files of an extension: PostgreSQL finds its own
//! directories from where its program is, so a copy of the programs is enough.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::binaries::Binaries;
use super::workspace::new_directory;

impl Binaries {
    /// The same installation with these files in its extension directory; everything else there is the installed one's.
    ///
    /// # Panics
    /// If the files cannot be written.
    pub fn with_extension_files<'a>(
        &self,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let prefix = new_directory(false).join("prefix");
        let inside = |path: &Path| prefix.join(path.strip_prefix("/").expect("an absolute path"));
        let programs = self.directory("--bindir");
        copy_files(&programs, &inside(&programs));
        let libraries = self.directory("--pkglibdir");
        make_parent(&inside(&libraries));
        symlink(&libraries, inside(&libraries)).expect("a link can be made");
        let shared = self.directory("--sharedir");
        link_entries(&shared, &inside(&shared), "extension");
        let extensions = inside(&shared).join("extension");
        link_entries(&shared.join("extension"), &extensions, "");
        for (name, text) in files {
            let path = extensions.join(name);
            // Or the text would be written through the link.
            let _ = fs::remove_file(&path);
            fs::write(&path, text).expect("an extension's file can be written");
        }
        Self::at(inside(&programs.join("pg_config"))).expect("the copied programs run")
    }
}

fn make_parent(path: &Path) {
    fs::create_dir_all(path.parent().expect("it has one")).expect("a directory can be made");
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(directory).expect("an installation's directory can be read");
    found.flatten().map(|entry| entry.path()).collect()
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory can be made");
    for path in entries(from).iter().filter(|path| path.is_file()) {
        let name = path.file_name().expect("a file has a name");
        fs::copy(path, to.join(name)).expect("a program can be copied");
    }
}

fn link_entries(from: &Path, to: &Path, except: &str) {
    fs::create_dir_all(to).expect("a directory can be made");
    for path in entries(from) {
        let name = path.file_name().expect("an entry has a name");
        if name != except {
            symlink(&path, to.join(name)).expect("a link can be made");
        }
    }
}
