//! Tests that no two files use each other in a circle: a reader can follow the imports of a file down to an end.
//!
//! A name that a module re-exports (`pub use`) counts as the file where it is defined, so a parent may declare its
//! children, re-export them, and call nothing. Tests at the foot of a file are left aside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Attribute, Item, ItemUse, UseTree, Visibility};

/// A path of names: `["crate", "oidc", "Error"]`, or a module's: `["oidc"]`.
type Names = Vec<String>;

#[derive(Default)]
struct File {
    /// `oidc/token/mod.rs`
    name: String,
    module: Names,
    /// The full path of each name that is declared here: imports, re-exports among them.
    imports: BTreeMap<String, Names>,
    reexports: BTreeMap<String, Names>,
    globs: Vec<Names>,
    public_globs: Vec<Names>,
    /// Paths in the code, as they are written.
    paths: BTreeSet<Names>,
}

impl File {
    fn parse(name: &str, text: &str) -> Self {
        let mut module: Names = name
            .trim_end_matches(".rs")
            .split('/')
            .map(str::to_owned)
            .collect();
        if ["mod", "lib", "main"].contains(&module.last().map_or("", String::as_str)) {
            module.pop();
        }
        let mut file = Self {
            name: name.to_owned(),
            module,
            ..Self::default()
        };
        let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        file.visit_file(&syntax);
        file
    }

    fn import(&mut self, tree: &UseTree, before: &[String], is_public: bool) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &with(&path.ident), is_public),
            UseTree::Group(group) => {
                for member in &group.items {
                    self.import(member, before, is_public);
                }
            }
            UseTree::Name(name) if name.ident == "self" => {
                let own_name = before.last().cloned().unwrap_or_default();
                self.add_import(own_name, before.to_vec(), is_public);
            }
            UseTree::Name(name) => self.add_import(name.ident.to_string(), with(&name.ident), is_public),
            UseTree::Rename(rename) => {
                self.add_import(rename.rename.to_string(), with(&rename.ident), is_public)
            }
            UseTree::Glob(_) if is_public => self.public_globs.push(before.to_vec()),
            UseTree::Glob(_) => self.globs.push(before.to_vec()),
        }
    }

    fn add_import(&mut self, name: String, path: Names, is_public: bool) {
        if is_public {
            self.reexports.insert(name.clone(), path.clone());
        }
        self.imports.insert(name, path);
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Ident>()
                .is_ok_and(|argument| argument == "test")
    })
}

impl<'ast> Visit<'ast> for File {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(module) => &module.attrs,
            Item::Fn(function) => &function.attrs,
            Item::Impl(block) => &block.attrs,
            Item::Use(import) => &import.attrs,
            _ => &Vec::new(),
        };
        if !is_for_tests(attributes) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_public = !matches!(item.vis, Visibility::Inherited);
        self.import(&item.tree, &[], is_public);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string());
        self.paths.insert(names.collect());
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.paths.extend(paths_in(call.tokens.clone()));
        syn::visit::visit_macro(self, call);
    }
}

/// Returns every `a::b::c` among the arguments of a macro.
fn paths_in(tokens: TokenStream) -> Vec<Names> {
    let mut found = Vec::new();
    let mut path = Names::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons < 2 {
                    found.push(std::mem::take(&mut path));
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                found.extend(paths_in(group.stream()));
                colons = 0;
            }
            _ => colons = 0,
        }
    }
    found.push(path);
    found
}

/// All files of one crate.
struct Crate(BTreeMap<Names, File>);

impl Crate {
    fn new(files: impl IntoIterator<Item = File>) -> Self {
        Self(
            files
                .into_iter()
                .map(|file| (file.module.clone(), file))
                .collect(),
        )
    }

    fn read(source: &Path) -> Self {
        let mut files = Vec::new();
        let mut folders = vec![source.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder of the source") {
                let path = entry.expect("an entry").path();
                let name = path
                    .strip_prefix(source)
                    .expect("below")
                    .to_string_lossy()
                    .into_owned();
                if path.is_dir() && name != "tests" {
                    folders.push(path);
                } else if name.ends_with(".rs") && !name.ends_with("tests.rs") && name != "main.rs" {
                    let text = std::fs::read_to_string(&path).expect("a source");
                    files.push(File::parse(&name, &text));
                }
            }
        }
        assert!(files.len() > 10, "{} has sources", source.display());
        Self::new(files)
    }

    /// Returns the absolute form of a path that is written in `file`: `["oidc", "Error"]`; `None` if it is of another
    /// crate.
    fn absolute(&self, file: &File, path: &[String], depth: usize) -> Option<Names> {
        let (first, rest) = path.split_first()?;
        if depth == 0 {
            return None;
        }
        let mut module = file.module.clone();
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest.to_vec()].concat()),
            "super" => {
                let supers = path.iter().take_while(|name| *name == "super").count();
                module.truncate(module.len().checked_sub(supers)?);
                Some([module, path[supers..].to_vec()].concat())
            }
            name => {
                let child = [&module[..], &[name.to_owned()]].concat();
                if self.0.contains_key(&child) {
                    return Some([child, rest.to_vec()].concat());
                }
                let imported = file
                    .imports
                    .get(name)
                    .filter(|import| import.as_slice() != path)?;
                let imported = self.absolute(file, imported, depth - 1)?;
                Some([imported, rest.to_vec()].concat())
            }
        }
    }

    /// Returns the file in which the thing at an absolute path is defined; `None` for a module as such.
    fn home(&self, path: &[String], depth: usize) -> Option<&File> {
        let length = (0..=path.len())
            .rev()
            .find(|length| self.0.contains_key(&path[..*length]))?;
        let file = &self.0[&path[..length]];
        let name = path.get(length)?;
        if depth == 0 {
            return Some(file);
        }
        if let Some(reexport) = file.reexports.get(name) {
            let target = self.absolute(file, reexport, 9)?;
            let target = [&target[..], &path[length + 1..]].concat();
            return self.home(&target, depth - 1);
        }
        Some(file)
    }

    /// Returns the names of the files that each file uses.
    fn uses(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut uses = BTreeMap::new();
        for file in self.0.values() {
            // A re-export is a signpost: who follows it uses the file that it points to.
            let private = file
                .imports
                .iter()
                .filter(|(name, _)| !file.reexports.contains_key(*name))
                .map(|(_, path)| path);
            let mut used = BTreeSet::new();
            for path in private.chain(&file.paths) {
                let home = self.absolute(file, path, 9).and_then(|path| self.home(&path, 9));
                used.extend(home.map(|home| home.name.as_str()));
            }
            for glob in &file.globs {
                let module = self.absolute(file, glob, 9);
                used.extend(
                    module
                        .and_then(|module| self.0.get(&module))
                        .map(|home| home.name.as_str()),
                );
            }
            used.remove(file.name.as_str());
            uses.insert(file.name.as_str(), used);
        }
        uses
    }

    /// Returns one line for each circle: `a.rs → b.rs → a.rs`.
    fn circles(&self) -> Vec<String> {
        let uses = self.uses();
        let mut circles = BTreeSet::new();
        for start in uses.keys() {
            // The queue has the shortest ways first, back to where the circle began.
            let mut ways = vec![vec![*start]];
            let mut seen = BTreeSet::new();
            'search: while !ways.is_empty() {
                for way in std::mem::take(&mut ways) {
                    for next in uses.get(way.last().expect("a way")).into_iter().flatten() {
                        if next == start {
                            let least = way.iter().min().expect("a way");
                            if least == start {
                                circles.insert([&way[..], &[start]].concat().join(" → "));
                            }
                            break 'search;
                        }
                        if seen.insert(*next) {
                            ways.push([&way[..], &[next]].concat());
                        }
                    }
                }
            }
        }
        circles.into_iter().collect()
    }
}

fn source(below: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    for below in ["src", "migrations/src", "conformance/src"] {
        let circles = Crate::read(&source(below)).circles();
        assert!(circles.is_empty(), "circles in {below}:\n{}", circles.join("\n"));
    }
}

/// Tests that the check fails, in each of the ways in which one file can use another.
#[test]
fn a_circle_is_seen_however_it_is_written() {
    let with = |a: &str, b: &str| {
        let facade = "mod a; mod b; pub mod c; pub use a::A; pub use b::{self as other, B};";
        Crate::new([
            File::parse("lib.rs", "pub mod room;"),
            File::parse("room/mod.rs", facade),
            File::parse("room/a.rs", a),
            File::parse("room/b.rs", b),
            File::parse("room/c.rs", "pub fn c() {}"),
        ])
        .circles()
    };
    let b = "use super::a::A; pub struct B(A);";
    for a in [
        "use super::b::B; pub struct A(B);",
        "use super::B; pub struct A(B);",
        "use crate::room::{c, B as Other}; pub struct A(Other);",
        "use crate::room; pub fn f() { room::b::f(); }",
        "use super::other; pub fn f() { other::f(); }",
        "pub fn f() { super::b::f(); }",
        "pub fn f() { println!(\"{}\", crate::room::b::f()); }",
        "use super::b::*;",
    ] {
        assert_eq!(with(a, b), ["room/a.rs → room/b.rs → room/a.rs"], "{a}");
    }
    for a in [
        "use super::c; pub fn f() { c::c(); }",
        "use super::b;",
        "#[cfg(test)] mod tests { use super::super::b::B; }",
        "// use super::b::B;\npub fn f() { println!(\"super::b::B\"); }",
    ] {
        assert_eq!(with(a, b), Vec::<String>::new(), "{a}");
    }
    // The parent calls a child which uses the parent.
    let parent = Crate::new([
        File::parse("room/mod.rs", "mod a; pub struct P; pub fn f() { a::f(); }"),
        File::parse("room/a.rs", "use super::P; pub fn f() {}"),
    ]);
    assert_eq!(parent.circles(), ["room/a.rs → room/mod.rs → room/a.rs"]);
}
