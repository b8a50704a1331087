//! The examples run and find what they assert.

macro_rules! examples {
    ($($name:ident $path:literal;)*) => {$(
        #[path = $path]
        mod $name;

        #[test]
        fn $name() {
            $name::main().unwrap_or_else(|error| panic!("{error}"));
        }
    )*

    /// What has a test.
    const TESTED: &[&str] = &[$(stringify!($name)),*];
    };
}

examples! {
    call_cost "../../examples/call_cost.rs";
    compile "../../examples/compile.rs";
    hello "../../examples/hello.rs";
    host_functions "../../examples/host_functions.rs";
    interrupt "../../examples/interrupt.rs";
    limits "../../examples/limits.rs";
    linking "../../examples/linking.rs";
    memory "../../examples/memory.rs";
    shared_memory "../../examples/shared_memory.rs";
    threads "../../examples/threads.rs";
    wasi "../../examples/wasi.rs";
}

#[test]
fn none_is_forgotten() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).expect("there are examples");
    let files = folder.map(|entry| entry.expect("the folder is readable").path());
    let mut names: Vec<_> = files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_string())).collect();
    names.sort();
    assert_eq!(names, TESTED);
}
