//! The templates are compiled in by a macro that the compiler cannot watch; this does.

fn main() {
    println!("cargo::rerun-if-changed=templates");
}
