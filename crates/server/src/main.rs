//! The program `kith`.

fn main() -> std::process::ExitCode {
    kith::cli::main()
}
