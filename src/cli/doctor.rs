//! `spherec doctor`: lists the adapters, says which one is used, and tests its kernels.

use super::console::{self, out};
use super::format::counted;
use super::model_args::adapter_choice;
use super::train::cpu_warning;
use super::{CommandResult, Failure};
use serde_json::json;
use spherec::gpu::{AdapterSummary, Gpu, adapters};
use spherec::printable::bytes;
use spherec::selftest;

/// Show the GPU adapters, and test the kernels on one of them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Adapter to use: its number in the list, or a part of its name [default: the best]
    #[arg(long, value_name = "ADAPTER")]
    adapter: Option<String>,
    /// Compare every kernel with its twin on the CPU
    #[arg(long)]
    selftest: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  spherec doctor
  spherec doctor --adapter 1 --selftest";

pub(crate) fn run(args: &Args) -> CommandResult {
    let found = adapters();
    let opened = Gpu::open(&adapter_choice(args.adapter.as_deref()));
    let chosen = opened.as_ref().ok().map(|gpu| gpu.adapter().index);
    if !args.json && !found.is_empty() {
        out(&adapter_table(&found, chosen))?;
    }
    let mut agreements = Vec::new();
    let result = match opened {
        Err(error) => Err(Failure::Request(error)),
        Ok(gpu) => {
            if !args.json {
                tell_choice(&gpu, &found)?;
            }
            if args.selftest { test_kernels(&gpu, args.json, &mut agreements) } else { Ok(()) }
        }
    };
    if args.json {
        let mut value = json!({ "adapters": found, "chosen": chosen });
        if args.selftest {
            value["selftest"] = agreements.iter().map(agreement_json).collect();
        }
        console::out_json(&format!("{value:#}"))?;
    }
    result
}

fn adapter_table(found: &[AdapterSummary], chosen: Option<usize>) -> String {
    let headings = [
        ("#", true),
        ("name", false),
        ("backend", false),
        ("kind", false),
        ("driver", false),
        ("binding", true),
        ("buffer", true),
        ("usable", false),
        ("chosen", false),
    ];
    let cells = |adapter: &AdapterSummary| {
        vec![
            adapter.index.to_string(),
            adapter.name.clone(),
            adapter.backend.clone(),
            adapter.kind.to_owned(),
            adapter.driver.clone(),
            bytes(adapter.max_binding_bytes),
            bytes(adapter.max_buffer_bytes),
            (if adapter.usable { "yes" } else { "no" }).to_owned(),
            (if chosen == Some(adapter.index) { "yes" } else { "" }).to_owned(),
        ]
    };
    console::table(&headings, &found.iter().map(cells).collect::<Vec<_>>())
}

fn tell_choice(gpu: &Gpu, found: &[AdapterSummary]) -> CommandResult {
    let chosen = gpu.adapter();
    out(&format!("\nin use: {} ({}, {})\n", chosen.name, chosen.backend, chosen.driver))?;
    if chosen.kind != "cpu" {
        return Ok(());
    }
    out(&format!("{}\n", cpu_warning(console::out_is_terminal())))?;
    match gpu.grain().subgroup_lanes {
        0 => out(
            "the kernels cannot use subgroups here; a newer driver may have them, and is about twice as fast\n",
        )?,
        lanes => out(&format!("the kernels use subgroups of {lanes} threads\n"))?,
    }
    if found.iter().all(|adapter| adapter.kind == "cpu") {
        out("no GPU was found: if this machine has one, install its Vulkan driver\n")?;
    }
    Ok(())
}

/// Runs the self-test, and prints a line per case.
fn test_kernels(gpu: &Gpu, quiet: bool, agreements: &mut Vec<selftest::Agreement>) -> CommandResult {
    let mut printed: CommandResult = Ok(());
    if !quiet {
        out("\nkernels compared with their CPU twins, and the share of the tolerance used:\n")?;
    }
    let result = selftest::run(gpu, |agreement| {
        if !quiet && printed.is_ok() {
            printed = out(&agreement_line(agreement));
        }
        agreements.push(agreement.clone());
    });
    printed?;
    result?;
    if !quiet {
        out(&format!("all {} passed\n", counted(agreements.len(), "case")))?;
    }
    Ok(())
}

fn agreement_line(agreement: &selftest::Agreement) -> String {
    let selftest::Agreement { kernel, case, compared_count, worst_share, failure } = agreement;
    let state = if failure.is_none() { "ok" } else { "FAILED" };
    format!("{state:6} {kernel:24} {case:34} {:5.1} % of {compared_count} numbers\n", 100.0 * worst_share)
}

fn agreement_json(agreement: &selftest::Agreement) -> serde_json::Value {
    json!({
        "kernel": agreement.kernel, "case": agreement.case, "compared_count": agreement.compared_count,
        "worst_share": agreement.worst_share, "failure": agreement.failure,
    })
}
