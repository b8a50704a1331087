//! WASI with guests that run: what depends on the engine, too.

use crate::process::{self, Input};
use artifact::{Feature, Level};
use engine::{InstantiateError, LinkErrorKind, Linker, Store, TrapCode, Value};
use engine::{WasiBuilder, WasiInput, WasiInterrupt, WasiOutput, WasiPipe, function};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use tests::Way::{Interpreted, Native};

/// Programs of several threads have a shared memory; each thread is an instance in a store of its own.
#[test]
fn threads_print_from_a_shared_memory() {
    const FIELDS: &str = r#"
        (import "" "memory" (memory 1 1 shared))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (export "memory" (memory 0))
        (data (i32.const 64) "text\n")
        (func (export "run") (param $slot i32) (result i32)
            ;; A list of one region, and the place for the number of bytes.
            (i32.store (local.get $slot) (i32.const 64))
            (i32.store offset=4 (local.get $slot) (i32.const 5))
            (drop (call $write (i32.const 1) (local.get $slot) (i32.const 1) (i32.add (local.get $slot) (i32.const 8))))
            (i32.load offset=8 (local.get $slot)))"#;
    for way in [Native(Level::O2), Interpreted] {
        let module = way.load(FIELDS, &[Feature::Threads]);
        let ty = engine::MemoryType { limits: engine::Limits { min: 1, max: Some(1) }, memory64: false, shared: true };
        let memory = engine::SharedMemory::new(ty).expect("a small memory");
        let printed = WasiPipe::new();
        thread::scope(|scope| {
            for slot in [128, 256] {
                let (module, memory, printed) = (&module, &memory, printed.clone());
                scope.spawn(move || {
                    let mut store = Store::new();
                    let mut linker = Linker::new();
                    linker.define_shared_memory("", "memory", memory);
                    let mut builder = WasiBuilder::new();
                    builder.stdout(WasiOutput::Pipe(printed));
                    engine::add_wasi(&mut linker, builder.build());
                    let instance = linker.instantiate(&mut store, module).expect("an instance");
                    let run = function(&store, instance, "run").expect("it is exported");
                    assert_eq!(store.call(run, &[Value::I32(slot)]).expect("no trap"), [Value::I32(5)]);
                });
            }
        });
        assert_eq!(printed.contents(), b"text\ntext\n");
    }
}

/// A thread that waits does not keep the others from calling; here it waits for what another one is to write.
#[test]
fn a_thread_that_waits_keeps_no_other_out() {
    const FIELDS: &str = r#"
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\40\00\00\00\04\00\00\00")
        (data (i32.const 64) "text")
        (func (export "read") (result i32)
            (i32.store (i32.const 64) (i32.const 0))
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (i32.load (i32.const 64)))
        (func (export "write") (result i32)
            (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"#;
    for way in [Native(Level::O2), Interpreted] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut builder = WasiBuilder::new();
        builder.stdin(WasiInput::File(OwnedFd::from(reader).into()));
        builder.stdout(WasiOutput::File(OwnedFd::from(writer).into()));
        let mut linker = Linker::new();
        engine::add_wasi(&mut linker, builder.build());
        let (sender, receiver) = mpsc::channel();
        for name in ["read", "write"] {
            let (module, linker, sender) = (way.load(FIELDS, &[]), linker.clone(), sender.clone());
            thread::spawn(move || {
                let mut store = Store::new();
                let instance = linker.instantiate(&mut store, &module).expect("an instance");
                let run = function(&store, instance, name).expect("it is exported");
                sender.send((name, store.call(run, &[]).expect("no trap"))).expect("the test listens");
            });
            if name == "read" {
                // Most likely it waits by now.
                assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err(), "there is nothing to read");
            }
        }
        let mut results = [(); 2].map(|()| receiver.recv_timeout(Duration::from_secs(60)).expect("they end"));
        results.sort_by_key(|(name, _)| *name);
        let text = Value::I32(i32::from_le_bytes(*b"text"));
        assert_eq!(results, [("read", vec![text]), ("write", vec![Value::I32(0)])]);
    }
}

/// Some calls have had several signatures. An import tells which one it means.
#[test]
fn an_import_chooses_its_signature() {
    let instantiate = |params: &str| {
        let fields = format!(
            r#"(import "wasi_snapshot_preview1" "sock_accept" (func $accept (param {params}) (result i32)))
            (memory (export "memory") 1)
            (func (export "run") (result i32) (call $accept {}))"#,
            "(i32.const 99) ".repeat(params.split(' ').count())
        );
        let mut store = Store::new();
        let mut linker = Linker::new();
        engine::add_wasi(&mut linker, WasiBuilder::new().build());
        let instance = linker.instantiate(&mut store, &Interpreted.load(&fields, &[]))?;
        let run = function(&store, instance, "run").expect("it is exported");
        Ok::<_, InstantiateError>(store.call(run, &[]).expect("no trap"))
    };
    // Descriptor 99 is none: `badf`.
    for params in ["i32 i32", "i32 i32 i32"] {
        assert_eq!(instantiate(params).expect("an instance"), [Value::I32(8)]);
    }
    match instantiate("i32 i32 i32 i32") {
        Err(InstantiateError::Link(error)) => assert_eq!(error.kind, LinkErrorKind::IncompatibleImportType),
        other => panic!("{other:?}"),
    }
}

/// A client whose server is this test.
#[test]
fn a_program_uses_the_network_if_it_may() {
    const FIELDS: &str = r#"
        (import "wasi_snapshot_preview1" "sock_open" (func $open (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_connect" (func $connect (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\08\00\00\00\04\00\00\00\7f\00\00\01")
        (data (i32.const 16) "\40\00\00\00\08\00\00\00")
        (data (i32.const 64) "question")
        (func (export "run") (param $port i32) (result i32 i64)
            (local $error i32)
            (block $failed
                (br_if $failed (local.tee $error (call $open (i32.const 1) (i32.const 2) (i32.const 32))))
                (br_if $failed (local.tee $error
                    (call $connect (i32.load (i32.const 32)) (i32.const 0) (local.get $port))))
                (br_if $failed (local.tee $error
                    (call $send (i32.load (i32.const 32)) (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 36))))
                (br_if $failed (local.tee $error
                    (call $read (i32.load (i32.const 32)) (i32.const 16) (i32.const 1) (i32.const 36)))))
            (local.get $error)
            (i64.load (i32.const 64)))"#;
    for way in [Native(Level::O2), Interpreted] {
        for allowed in [true, false] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = listener.local_addr().expect("it is bound").port();
            let mut store = Store::new();
            let mut linker = Linker::new();
            let mut builder = WasiBuilder::new();
            builder.allow_net(allowed);
            engine::add_wasi(&mut linker, builder.build());
            let instance = linker.instantiate(&mut store, &way.load(FIELDS, &[])).expect("an instance");
            let run = function(&store, instance, "run").expect("it is exported");
            let server = allowed.then(|| {
                thread::spawn(move || {
                    let (mut stream, _) = listener.accept().expect("a client");
                    let mut question = [0; 8];
                    stream.read_exact(&mut question).expect("a question");
                    stream.write_all(b"answered").expect("the client listens");
                    question
                })
            });
            let results = store.call(run, &[Value::I32(port.into())]).expect("no trap");
            let text = |text: &[u8; 8]| Value::I64(i64::from_le_bytes(*text));
            match server {
                Some(server) => {
                    assert_eq!(results, [Value::I32(0), text(b"answered")]);
                    assert_eq!(&server.join().expect("no panic"), b"question");
                }
                // `notcapable`.
                None => assert_eq!(results, [Value::I32(76), text(b"question")]),
            }
        }
    }
}

/// An interrupt ends a call that waits, as it ends a program that computes.
#[test]
fn an_interrupt_ends_a_program_that_waits() {
    const FIELDS: &str = r#"
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "run") (result i32)
            ;; The monotonic clock, in a time that nobody lives to see.
            (i32.store (i32.const 16) (i32.const 1))
            (i64.store (i32.const 24) (i64.const -1))
            (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))"#;
    for way in [Native(Level::O2), Interpreted] {
        let module = way.load(FIELDS, &[]);
        let interrupt = WasiInterrupt::new().expect("a descriptor");
        let mut builder = WasiBuilder::new();
        builder.interrupt(interrupt.clone());
        let context = builder.build();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut store = Store::new();
            let mut linker = Linker::new();
            engine::add_wasi(&mut linker, context);
            let instance = linker.instantiate(&mut store, &module).expect("an instance");
            let run = function(&store, instance, "run").expect("it is exported");
            sender.send(store.call(run, &[]).expect_err("it waits").code()).expect("the test listens");
        });
        interrupt.raise();
        let code = receiver.recv_timeout(Duration::from_secs(60)).expect("the program ends");
        assert_eq!(code, Some(TrapCode::Interrupted));
    }
}

/// A program that prints to a pipe which nobody reads from any more ends without a word, as others do.
#[test]
fn a_closed_pipe_ends_a_program_quietly() {
    let folder = TempDir::new().expect("a temporary folder");
    let program = r#"
        (module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\10\00\00\00\05\00\00\00")
            (data (i32.const 16) "text\n")
            (func (export "_start")
                (loop $again
                    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                    (br $again))))"#;
    std::fs::write(folder.path().join("forever.wasm"), tests::wat(program)).expect("a new file can be written");
    let mut command = Command::new("sh");
    command.current_dir(folder.path()).args(["-c", r#"{ "$0" forever.wasm; echo $? >code; } | head -n 1"#]);
    command.arg(tests::tool("wasmedge"));
    let outcome = process::run(command, Input::Text(String::new())).expect("it ends");
    assert_eq!(String::from_utf8_lossy(&outcome.stderr), "");
    assert_eq!(outcome.stdout, b"text\n");
    assert_eq!(outcome.code, Some(0));
    let code = std::fs::read_to_string(folder.path().join("code")).expect("the program ends before the shell");
    assert_eq!(code, "141\n", "as shells tell of a signal");
}

/// The same program as in `programs/`, without leave.
#[test]
fn no_network_without_leave() {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("net.wasm"), crate::programs::wasm("wasi_net")).expect("it is written");
    let mut command = Command::new(tests::tool("wasmedge"));
    command.current_dir(folder.path()).arg("net.wasm");
    let outcome = process::run(command, Input::Text(String::new())).expect("it ends");
    assert_eq!(String::from_utf8_lossy(&outcome.stderr), "");
    assert_eq!((outcome.code, &*outcome.stdout), (Some(2), &b"no network\n"[..]));
}
