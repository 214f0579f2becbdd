//! No crate has a circle of imports among its files.
//!
//! An import ties a file to the file that defines the name, wherever it is re-exported on the way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::modules::Module;
use super::tree::Tree;

/// The names that were looked up on the way, so that no re-export is followed twice.
type Seen = BTreeSet<(usize, String)>;

/// Which names a file takes from which other file.
type Imports = BTreeMap<(PathBuf, PathBuf), BTreeSet<String>>;

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut imports = Imports::new();
    for root in tree.files().filter(|file| is_root(file)) {
        Crate::read(tree, root).collect(&mut imports);
    }
    circles(&imports)
        .into_iter()
        .map(|circle| describe(&circle, &imports))
        .collect()
}

/// The file that a library or a program begins with.
fn is_root(file: &Path) -> bool {
    file.parent().is_some_and(|folder| folder.ends_with("src"))
        && (file.ends_with("lib.rs") || file.ends_with("main.rs"))
}

/// A module: its file, its parent and the modules in it.
struct Node {
    file: PathBuf,
    module: Module,
    parent: usize,
    children: HashMap<String, usize>,
}

/// The modules of a library or a program; the first is its root.
struct Crate {
    nodes: Vec<Node>,
}

/// What a path leads to.
enum Target {
    Module(usize),
    Name(usize),
}

impl Crate {
    fn read(tree: &Tree, root: &Path) -> Self {
        let mut all = Self { nodes: Vec::new() };
        let folder = root.parent().unwrap_or(root);
        all.add(tree, root, folder, 0);
        all
    }

    /// Adds a file whose modules are in a folder, and those modules.
    fn add(&mut self, tree: &Tree, file: &Path, folder: &Path, parent: usize) -> usize {
        let module = Module::read(&tree.text(file).unwrap_or_default());
        let number = self.nodes.len();
        let declared = module.children.clone();
        self.nodes.push(Node {
            file: file.to_owned(),
            module,
            parent,
            children: HashMap::new(),
        });
        for (name, path) in declared {
            let beside = file.parent().unwrap_or(folder);
            let (child, below) = match path {
                Some(path) => {
                    let child = normal(&beside.join(path));
                    let below = child.parent().unwrap_or(folder).to_owned();
                    (child, below)
                }
                None => {
                    let below = folder.join(&name);
                    let flat = folder.join(format!("{name}.rs"));
                    let is_flat = tree.contains(&flat);
                    (if is_flat { flat } else { below.join("mod.rs") }, below)
                }
            };
            let child = self.add(tree, &child, &below, number);
            self.nodes[number].children.insert(name, child);
        }
        number
    }

    /// Adds what each file takes from which other.
    fn collect(&self, imports: &mut Imports) {
        for (number, node) in self.nodes.iter().enumerate() {
            let module = &node.module;
            // A name that is only handed on ties nothing.
            let used = module
                .uses
                .iter()
                .filter(|import| !import.is_public || module.words.contains(&import.name))
                .map(|import| &import.path);
            for path in used.chain(&module.paths) {
                let Some(Target::Name(defined)) = self.resolve(number, path, &mut Seen::new())
                else {
                    continue;
                };
                let (from, to) = (&node.file, &self.nodes[defined].file);
                if from != to {
                    let name = path.last().cloned().unwrap_or_default();
                    let tie = (from.clone(), to.clone());
                    imports.entry(tie).or_default().insert(name);
                }
            }
        }
    }

    /// Where a path in a module leads; `None` when that is outside of the crate.
    fn resolve(&self, from: usize, path: &[String], seen: &mut Seen) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let begin = match first.as_str() {
            "crate" => Target::Module(0),
            "super" => Target::Module(self.nodes[from].parent),
            "self" => Target::Module(from),
            name => self.lookup(from, name, seen)?,
        };
        rest.iter().try_fold(begin, |at, name| match at {
            Target::Module(at) if name == "super" => Some(Target::Module(self.nodes[at].parent)),
            Target::Module(at) if name == "*" => Some(Target::Name(at)),
            Target::Module(at) => Some(self.lookup(at, name, seen).unwrap_or(Target::Name(at))),
            // A variant or an associated item.
            Target::Name(at) => Some(Target::Name(at)),
        })
    }

    /// What a name in a module is: a module in it, an import, a definition or a macro.
    fn lookup(&self, module: usize, name: &str, seen: &mut Seen) -> Option<Target> {
        let node = &self.nodes[module];
        if !seen.insert((module, name.to_owned())) {
            return None;
        }
        if let Some(child) = node.children.get(name) {
            return Some(Target::Module(*child));
        }
        if node.module.definitions.iter().any(|known| known == name) {
            return Some(Target::Name(module));
        }
        let imports = node.module.uses.iter();
        let imported = imports
            .filter(|import| import.name == name && import.path.len() > 1)
            .find_map(|import| self.resolve(module, &import.path, seen));
        imported
            .or_else(|| self.lookup_in_globs(module, name, seen))
            .or_else(|| self.macro_of(name))
    }

    fn lookup_in_globs(&self, module: usize, name: &str, seen: &mut Seen) -> Option<Target> {
        let imports = self.nodes[module].module.uses.iter();
        imports
            .filter(|import| import.name == "*")
            .find_map(|import| {
                let path = &import.path[..import.path.len() - 1];
                match self.resolve(module, path, seen)? {
                    Target::Module(at) if at != module => self.lookup(at, name, seen),
                    _ => None,
                }
            })
    }

    fn macro_of(&self, name: &str) -> Option<Target> {
        let mut nodes = self.nodes.iter();
        nodes
            .position(|node| node.module.macros.iter().any(|known| known == name))
            .map(Target::Name)
    }
}

/// A path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            normal.pop();
        } else {
            normal.push(part);
        }
    }
    normal
}

/// The sets of files of which each reaches each other.
fn circles(imports: &Imports) -> Vec<BTreeSet<PathBuf>> {
    let mut next: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
    for (from, to) in imports.keys() {
        next.entry(from).or_default().push(to);
    }
    let reach = |from: &Path| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(file) = open.pop() {
            for file in next.get(file).into_iter().flatten() {
                if seen.insert(*file) {
                    open.push(file);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&Path, BTreeSet<&Path>> =
        next.keys().map(|file| (*file, reach(file))).collect();
    let circles: BTreeSet<BTreeSet<PathBuf>> = reached
        .iter()
        .filter(|(file, reached)| reached.contains(**file))
        .map(|(file, seen)| {
            let both = seen.iter().filter(|other| {
                let back = reached.get(**other);
                back.is_some_and(|back| back.contains(file))
            });
            both.map(|file| file.to_path_buf()).collect()
        })
        .collect();
    circles.into_iter().collect()
}

fn describe(circle: &BTreeSet<PathBuf>, imports: &Imports) -> String {
    let ties = imports
        .iter()
        .filter(|((from, to), _)| circle.contains(from) && circle.contains(to))
        .map(|((from, to), names)| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!(
                "\n  {} -> {}: {}",
                from.display(),
                to.display(),
                names.join(", ")
            )
        });
    format!(
        "a circle of {} files:{}",
        circle.len(),
        ties.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: (&str, &str) = ("c/src/lib.rs", "mod a;\nmod b;\npub use a::One;\n");
    const DOWN: (&str, &str) = ("c/src/b.rs", "pub struct Two;\n");

    fn check_files(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::fixture(files))
    }

    #[test]
    fn imports_that_point_down_pass() {
        let up = ("c/src/a.rs", "use crate::b::Two;\npub struct One(Two);\n");
        assert_eq!(check_files(&[LIB, up, DOWN]), [""; 0]);
    }

    #[test]
    fn a_circle_is_found_through_a_name_that_is_handed_on() {
        let up = ("c/src/a.rs", "use crate::b::Two;\npub struct One(Two);\n");
        let back = ("c/src/b.rs", "pub struct Two(Box<crate::One>);\n");
        assert_eq!(
            check_files(&[LIB, up, back]),
            [
                "a circle of 2 files:\n  c/src/a.rs -> c/src/b.rs: Two\n  c/src/b.rs -> c/src/a.rs: One"
            ]
        );
    }

    #[test]
    fn a_parent_that_uses_its_child_and_is_used_by_it_is_a_circle() {
        let parent = ("c/src/lib.rs", "mod a;\nfn f() { a::g(); }\nstruct S;\n");
        let child = ("c/src/a.rs", "pub fn g() { let _ = super::S; }\n");
        assert_eq!(check_files(&[parent, child]).len(), 1);
        let handing_on = ("c/src/lib.rs", "mod a;\npub use a::g;\nstruct S;\n");
        assert_eq!(check_files(&[handing_on, child]), [""; 0]);
    }

    #[test]
    fn tests_comments_and_strings_import_nothing() {
        let up = ("c/src/a.rs", "use crate::b::Two;\npub struct One(Two);\n");
        let quiet = (
            "c/src/b.rs",
            "/// See [`crate::One`].\npub struct Two;\nconst C: &str = \"crate::One\";\n\
             #[cfg(test)]\nmod tests {\n    use crate::One;\n    fn f(_: One) {}\n}\n",
        );
        assert_eq!(check_files(&[LIB, up, quiet]), [""; 0]);
    }
}
