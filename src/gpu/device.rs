//! An open device and its queue: buffers, uploads, read-backs, waiting with a limit, and failures as
//! errors in place of panics.

use super::adapter::{self, AdapterChoice, AdapterSummary};
use super::kernel::Kernel;
use super::trouble::{Call, Failure, Injection, Trouble};
use crate::step::Grain;
use crate::{Error, Result};
use bytemuck::Pod;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

/// Longest wait for one submission. Submissions are sized to a fraction of a second, but some drivers
/// compile a kernel when it is first used, for minutes on a busy machine; this much means that the device
/// hangs.
const PATIENCE: Duration = Duration::from_secs(600);

/// The most row shards that a dispatch covers: kernels grow with them.
pub(super) const MOST_SHARDS: usize = 4;
/// Storage bindings of a shard, and of what else a kernel that works on the tables binds.
pub(super) const SHARD_BINDINGS: usize = 4;
const OTHER_BINDINGS: usize = 4;
const MOST_BINDINGS: u32 = (OTHER_BINDINGS + MOST_SHARDS * SHARD_BINDINGS) as u32;

/// Bytes that every buffer has: no array that kernels bind has larger elements.
const LEAST_BYTES: u64 = 32;

/// Used if an adapter has it; nothing needs it.
const OPTIONAL: wgpu::Features = wgpu::Features::TIMESTAMP_QUERY.union(wgpu::Features::SUBGROUP);

/// An open device.
pub struct Gpu {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    adapter: AdapterSummary,
    failure: Arc<Failure>,
    patience: Duration,
    injection: Option<Injection>,
    /// What was compiled, by constants and text.
    kernels: Mutex<HashMap<String, Kernel>>,
}

/// How a device is opened.
struct Opening {
    /// Without the optional features, and with few bindings.
    is_plain: bool,
    most_binding_bytes: u64,
    patience: Duration,
    injection: Option<Injection>,
}

impl Default for Opening {
    fn default() -> Opening {
        Opening { is_plain: false, most_binding_bytes: u64::MAX, patience: PATIENCE, injection: None }
    }
}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gpu").field("adapter", &self.adapter).finish_non_exhaustive()
    }
}

impl Gpu {
    /// Opens the adapter that `choice` means, with WebGPU's default limits, raised only in the sizes of
    /// buffers and bindings and in how many are bound at once, and with the features of [`OPTIONAL`] that it has.
    ///
    /// # Errors
    /// [`Error::Adapter`] if there is no such adapter or it cannot be opened.
    pub fn open(choice: &AdapterChoice) -> Result<Gpu> {
        Gpu::open_with(choice, Opening::default())
    }

    /// As [`Gpu::open`], but as if the adapter had no optional feature and bound no more buffers at once than every
    /// one does: what runs on one that has none.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub fn open_plain(choice: &AdapterChoice) -> Result<Gpu> {
        Gpu::open_with(choice, Opening { is_plain: true, ..Opening::default() })
    }

    /// As [`Gpu::open`], but as if no storage binding could have more than `most_binding_bytes`: what runs on an
    /// adapter with small bindings.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub fn open_with_bindings(choice: &AdapterChoice, most_binding_bytes: u64) -> Result<Gpu> {
        Gpu::open_with(choice, Opening { most_binding_bytes, ..Opening::default() })
    }

    /// As [`Gpu::open`], for tests: `injection` is asked before each call of the driver what goes wrong with it, and a
    /// submission that takes longer than `patience` counts as one that never ends.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub fn open_with_trouble(
        choice: &AdapterChoice,
        patience: Duration,
        injection: Injection,
    ) -> Result<Gpu> {
        Gpu::open_with(choice, Opening { patience, injection: Some(injection), ..Opening::default() })
    }

    fn open_with(choice: &AdapterChoice, opening: Opening) -> Result<Gpu> {
        let Opening { is_plain, most_binding_bytes, patience, injection } = opening;
        let optional = if is_plain { wgpu::Features::empty() } else { OPTIONAL };
        let (adapter, summary) = adapter::choose(&adapter::instance(), choice)?;
        let offered = adapter.limits();
        let mut limits = wgpu::Limits {
            max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size.min(most_binding_bytes),
            max_buffer_size: offered.max_buffer_size,
            ..wgpu::Limits::default()
        };
        if !is_plain {
            let least = limits.max_storage_buffers_per_shader_stage;
            limits.max_storage_buffers_per_shader_stage =
                offered.max_storage_buffers_per_shader_stage.clamp(least, MOST_BINDINGS);
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("spherec"),
            required_features: adapter.features() & optional,
            required_limits: limits,
            memory_hints: wgpu::MemoryHints::Performance,
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).map_err(|error| {
            Error::Adapter(format!(
                "adapter {} ({}) cannot be opened: {error}",
                summary.name, summary.backend
            ))
        })?;
        let failure = Arc::new(Failure::default());
        let seen = Arc::clone(&failure);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| seen.note(&error)));
        let seen = Arc::clone(&failure);
        device.set_device_lost_callback(move |reason, message| {
            if reason != wgpu::DeviceLostReason::Destroyed {
                seen.note_lost(&format!("{reason:?}: {message}"));
            }
        });
        Ok(Gpu { device, queue, adapter: summary, failure, patience, injection, kernels: Mutex::default() })
    }

    /// What was compiled, by constants and text.
    pub(super) fn kernels(&self) -> MutexGuard<'_, HashMap<String, Kernel>> {
        self.kernels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The adapter in use.
    pub fn adapter(&self) -> &AdapterSummary {
        &self.adapter
    }

    /// Subgroup size, if supported and fixed.
    pub fn subgroup_lanes(&self) -> Option<usize> {
        let info = self.device.adapter_info();
        let is_fixed = info.subgroup_min_size == info.subgroup_max_size;
        let has_them = self.device.features().contains(wgpu::Features::SUBGROUP);
        (has_them && is_fixed).then_some(info.subgroup_min_size as usize)
    }

    /// How steps are cut on this adapter.
    pub fn grain(&self) -> Grain {
        if self.adapter.kind == "cpu" && self.suits(&Grain::CPU) { Grain::CPU } else { Grain::GPU }
    }

    /// Whether the adapter has the subgroups that `grain` counts on.
    pub fn suits(&self, grain: &Grain) -> bool {
        grain.subgroup_lanes == 0 || self.subgroup_lanes() == Some(grain.subgroup_lanes)
    }

    /// Row shards that a dispatch can cover.
    pub fn most_shards_per_dispatch(&self) -> usize {
        let bindings = self.device.limits().max_storage_buffers_per_shader_stage as usize;
        (bindings.saturating_sub(OTHER_BINDINGS) / SHARD_BINDINGS).clamp(1, MOST_SHARDS)
    }

    /// Bytes that one storage binding may have.
    pub fn max_binding_bytes(&self) -> u64 {
        let limits = self.device.limits();
        limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)
    }

    /// What the device reported since it was opened, if anything: its loss, or else the first error.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::DeviceMemory`] or [`Error::Gpu`] with the device's own words.
    pub fn check(&self) -> Result<()> {
        self.failure.check(&self.adapter.name)
    }

    /// What a test wants to go wrong with the next call of the driver; it has then gone wrong.
    fn inject(&self, call: Call<'_>) -> Option<Trouble> {
        let trouble = self.injection.as_ref().and_then(|injection| injection(call))?;
        match trouble {
            Trouble::Lost => {
                self.failure.note_lost("injected by a test");
                self.device.destroy();
            }
            Trouble::OutOfMemory if call == Call::Submit => {
                self.failure.note(&wgpu::Error::OutOfMemory { source: "injected by a test".into() });
            }
            Trouble::Invalid => {
                let description = "injected by a test".to_owned();
                self.failure.note(&wgpu::Error::Validation { source: "a test".into(), description });
            }
            Trouble::OutOfMemory | Trouble::Hang => {}
        }
        Some(trouble)
    }

    /// Hands work to the device. What goes wrong shows when it is waited for, or at the next [`Gpu::check`].
    pub(crate) fn submit(
        &self,
        work: impl IntoIterator<Item = wgpu::CommandBuffer>,
    ) -> wgpu::SubmissionIndex {
        self.inject(Call::Submit);
        self.queue.submit(work)
    }

    /// A buffer of at least `bytes` (rounded up to 16), zeroed, for storage, copies and `extra` uses.
    ///
    /// # Errors
    /// [`Error::DeviceMemory`] naming the buffer and its size where memory is short; [`Error::Gpu`] if it is larger than
    /// the adapter's buffers can be.
    pub fn buffer(&self, name: &str, bytes: u64, extra: wgpu::BufferUsages) -> Result<wgpu::Buffer> {
        // An empty shard too must bind as one row state.
        let size = bytes.max(LEAST_BYTES).next_multiple_of(16);
        let limit = self.device.limits().max_buffer_size;
        if size > limit {
            return Err(Error::Gpu(format!(
                "{name} needs {size} bytes; this adapter's buffers end at {limit}"
            )));
        }
        let usage =
            wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC | extra;
        self.create(name, size, usage)
    }

    /// A buffer of at least `bytes` that results are copied into, to be read by the CPU.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub(crate) fn read_back_buffer(&self, name: &str, bytes: u64) -> Result<wgpu::Buffer> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        self.create(name, bytes.max(LEAST_BYTES).next_multiple_of(16), usage)
    }

    fn create(&self, name: &str, size: u64, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer> {
        let injected = self.inject(Call::Create(name));
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let descriptor = wgpu::BufferDescriptor { label: Some(name), size, usage, mapped_at_creation: false };
        let buffer = self.device.create_buffer(&descriptor);
        if pollster::block_on(scope.pop()).is_some() || injected == Some(Trouble::OutOfMemory) {
            return Err(Error::DeviceMemory(format!(
                "{} has no memory left for {name} ({size} bytes); a smaller --dim, or fewer users and items, need less",
                self.adapter.name
            )));
        }
        Ok(buffer)
    }

    /// A storage buffer holding `values`.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub fn upload<T: Pod>(&self, name: &str, values: &[T]) -> Result<wgpu::Buffer> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let buffer = self.buffer(name, bytes.len() as u64, wgpu::BufferUsages::UNIFORM)?;
        self.write(&buffer, 0, bytes);
        Ok(buffer)
    }

    /// Writes bytes (a multiple of 4) at `offset`, before the next submission.
    pub fn write(&self, buffer: &wgpu::Buffer, offset: u64, bytes: &[u8]) {
        // Large writes go in pieces, so that the staging memory is bounded.
        const PIECE: usize = 32 << 20;
        for (index, piece) in bytes.chunks(PIECE).enumerate() {
            self.queue.write_buffer(buffer, offset + (index * PIECE) as u64, piece);
            if bytes.len() > PIECE {
                self.submit([]);
            }
        }
    }

    /// Waits until `submission` is done.
    ///
    /// # Errors
    /// [`Error::DeviceTimeout`] when the device does not answer; else as [`Gpu::check`].
    pub fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<()> {
        let poll = wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(self.patience) };
        let polled = match self.inject(Call::Wait) {
            Some(Trouble::Hang) => Ok(Err(wgpu::PollError::Timeout)),
            // wgpu panics where it finds the device lost while it waits.
            _ => catch_unwind(AssertUnwindSafe(|| self.device.poll(poll))),
        };
        // What the device reported says more than that there is no answer.
        self.check()?;
        let name = &self.adapter.name;
        match polled {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(wgpu::PollError::Timeout)) => {
                let seconds = self.patience.as_secs_f64();
                Err(Error::DeviceTimeout(format!("{name} did not end a submission within {seconds} seconds")))
            }
            Ok(Err(error)) => Err(Error::Gpu(format!("no answer from {name}: {error}"))),
            Err(_) => Err(Error::DeviceLost(format!("{name} was lost while its work was waited for"))),
        }
    }

    /// The first `count` values of a buffer.
    ///
    /// # Errors
    /// [`Error::Gpu`] as [`Gpu::wait`].
    pub fn read<T: Pod>(&self, buffer: &wgpu::Buffer, count: usize) -> Result<Vec<T>> {
        let mut values = vec![T::zeroed(); count];
        self.read_into(buffer, 0, &mut values)?;
        Ok(values)
    }

    /// Fills `values` from a buffer, from byte `first` on (a multiple of 4), in pieces of bounded size.
    ///
    /// # Errors
    /// [`Error::Gpu`] as [`Gpu::wait`].
    pub(crate) fn read_into<T: Pod>(
        &self,
        buffer: &wgpu::Buffer,
        first: u64,
        values: &mut [T],
    ) -> Result<()> {
        const PIECE: u64 = 16 << 20;
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(values);
        let total = bytes.len() as u64;
        let staging = self.read_back_buffer("read-back", total.min(PIECE))?;
        let mut done = 0;
        while done < total {
            let size = (total - done).min(PIECE);
            let mut encoder = self.device.create_command_encoder(&Default::default());
            encoder.copy_buffer_to_buffer(buffer, first + done, &staging, 0, size.next_multiple_of(4));
            let submission = self.submit([encoder.finish()]);
            self.map_into(&staging, submission, &mut bytes[done as usize..(done + size) as usize])?;
            done += size;
        }
        Ok(())
    }

    /// Copies the beginning of a mappable buffer once `submission`, which fills it, is done.
    pub(crate) fn map_into(
        &self,
        staging: &wgpu::Buffer,
        submission: wgpu::SubmissionIndex,
        bytes: &mut [u8],
    ) -> Result<()> {
        let (sender, receiver) = mpsc::channel();
        let slice = staging.slice(..bytes.len().next_multiple_of(8) as u64);
        slice.map_async(wgpu::MapMode::Read, move |result| {
            let _ = sender.send(result);
        });
        self.wait(submission)?;
        match receiver.recv_timeout(self.patience) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(Error::Gpu(format!("a result cannot be read back: {error}"))),
            Err(_) => return Err(Error::DeviceTimeout("a result never came back".to_owned())),
        }
        {
            let view = slice.get_mapped_range().map_err(|error| Error::Gpu(error.to_string()))?;
            bytes.copy_from_slice(&view[..bytes.len()]);
        }
        staging.unmap();
        Ok(())
    }
}
