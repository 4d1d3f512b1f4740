//! Which adapters there are, and which one to use.

use crate::{Error, Result};
use serde::Serialize;

/// What a person needs to know to choose an adapter.
#[derive(Debug, Clone, Serialize)]
pub struct AdapterSummary {
    /// Position in the list, as `--adapter` takes it.
    pub index: usize,
    /// The device's name.
    pub name: String,
    /// "Vulkan", "Metal" or "Dx12".
    pub backend: String,
    /// "discrete", "integrated", "virtual", "cpu" or "other".
    pub kind: &'static str,
    /// Driver name and version.
    pub driver: String,
    /// Bytes that one storage binding may have.
    pub max_binding_bytes: u64,
    /// Bytes that one buffer may have.
    pub max_buffer_bytes: u64,
    /// Whether the limits are at least WebGPU's defaults, which the kernels need.
    pub usable: bool,
}

/// Which adapter the user asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AdapterChoice {
    /// The best: discrete before integrated before virtual before CPU.
    #[default]
    Best,
    /// By index, or by a part of the name (in any case).
    Named(String),
}

/// How much of the memory that the driver has for us may be taken. Some drivers give more than there is, and the
/// system then ends the process.
const MEMORY_PERCENT: u8 = 95;

pub(super) fn instance() -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    descriptor.memory_budget_thresholds.for_resource_creation = Some(MEMORY_PERCENT);
    wgpu::Instance::new(descriptor.with_env())
}

/// Every adapter of this machine, best first.
pub fn adapters() -> Vec<AdapterSummary> {
    ranked(&instance()).iter().enumerate().map(|(index, adapter)| summary(index, adapter)).collect()
}

/// The adapters of `instance`, best first; equal ones in the system's order.
fn ranked(instance: &wgpu::Instance) -> Vec<wgpu::Adapter> {
    let mut found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    found.sort_by_key(|adapter| match adapter.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    });
    found
}

fn summary(index: usize, adapter: &wgpu::Adapter) -> AdapterSummary {
    let info = adapter.get_info();
    let limits = adapter.limits();
    AdapterSummary {
        index,
        name: info.name,
        backend: format!("{:?}", info.backend),
        kind: match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete",
            wgpu::DeviceType::IntegratedGpu => "integrated",
            wgpu::DeviceType::VirtualGpu => "virtual",
            wgpu::DeviceType::Cpu => "cpu",
            wgpu::DeviceType::Other => "other",
        },
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        max_binding_bytes: limits.max_storage_buffer_binding_size,
        max_buffer_bytes: limits.max_buffer_size,
        usable: wgpu::Limits::default().check_limits(&limits),
    }
}

/// The adapter that `choice` means.
///
/// # Errors
/// [`Error::Adapter`] if there is none, if none or several match, or if it is below WebGPU's default limits. The
/// text says what to install, or lists the adapters.
pub(super) fn choose(
    instance: &wgpu::Instance,
    choice: &AdapterChoice,
) -> Result<(wgpu::Adapter, AdapterSummary)> {
    let found = ranked(instance);
    if found.is_empty() {
        return Err(Error::Adapter(NONE_FOUND.to_owned()));
    }
    let summaries: Vec<_> =
        found.iter().enumerate().map(|(index, adapter)| summary(index, adapter)).collect();
    let chosen = match choice {
        AdapterChoice::Best => {
            summaries.iter().find(|a| a.usable).ok_or_else(|| Error::Adapter(below_limits(&summaries[0])))?
        }
        AdapterChoice::Named(wanted) => named(&summaries, wanted)?,
    };
    if !chosen.usable {
        return Err(Error::Adapter(below_limits(chosen)));
    }
    let chosen = chosen.clone();
    let adapter = found.into_iter().nth(chosen.index);
    Ok((adapter.ok_or_else(|| Error::Adapter(NONE_FOUND.to_owned()))?, chosen))
}

fn named<'a>(summaries: &'a [AdapterSummary], wanted: &str) -> Result<&'a AdapterSummary> {
    if let Ok(index) = wanted.parse::<usize>() {
        return summaries.get(index).ok_or_else(|| unknown(summaries, wanted, "is not in the list"));
    }
    let mut matching = summaries.iter().filter(|a| a.name.to_lowercase().contains(&wanted.to_lowercase()));
    match (matching.next(), matching.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(unknown(summaries, wanted, "is not part of any adapter's name")),
        (Some(_), Some(_)) => Err(unknown(summaries, wanted, "matches several adapters")),
    }
}

fn unknown(summaries: &[AdapterSummary], wanted: &str, why: &str) -> Error {
    let list: Vec<_> =
        summaries.iter().map(|a| format!("number {}, {} ({})", a.index, a.name, a.backend)).collect();
    Error::Adapter(format!("--adapter {wanted:?} {why}; there is {}", list.join("; ")))
}

fn below_limits(adapter: &AdapterSummary) -> String {
    format!(
        "adapter {} ({}, {}) is below WebGPU's default limits; update its driver or choose another with --adapter",
        adapter.name, adapter.backend, adapter.driver
    )
}

const NONE_FOUND: &str = "no GPU adapter was found (Vulkan, Metal or DX12). Install your GPU's Vulkan driver, or a \
    software one: on Debian and Ubuntu `apt-get install mesa-vulkan-drivers libvulkan1`, on Fedora `dnf install \
    mesa-vulkan-drivers vulkan-loader`, on Arch `pacman -S vulkan-swrast`";
