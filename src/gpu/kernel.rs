//! A compiled kernel whose buffers are bound by the names that its WGSL declares.

use super::device::Gpu;
use super::shader;
use crate::step::Build;
use crate::{Error, Result};

/// A compute pipeline and what its WGSL declares. Copies share the pipeline.
#[derive(Debug, Clone)]
pub struct Kernel {
    name: String,
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
    declared: Vec<Declared>,
}

#[derive(Debug, Clone)]
struct Declared {
    name: String,
    index: u32,
}

/// A buffer, or a part of one, under the name that a kernel declares.
pub type Named<'a> = (&'a str, wgpu::BufferBinding<'a>);

/// A kernel's buffers, bound once.
#[derive(Debug)]
pub struct Bindings(wgpu::BindGroup);

impl Kernel {
    /// Compiles the kernel `name` of `shaders/`. A device compiles the same text with the same constants only once:
    /// a software driver takes seconds for some kernels, and experiments train the same shapes again and again.
    ///
    /// # Errors
    /// [`Error::Gpu`] with the compiler's words.
    pub fn new(gpu: &Gpu, name: &str, build: &Build) -> Result<Kernel> {
        Kernel::from_text(gpu, name, shader::kernel(name)?, build)
    }

    /// As [`Kernel::new`], from a kernel's text: so tests run kernels with a defect put in.
    ///
    /// # Errors
    /// [`Error::Gpu`] with the compiler's words.
    pub fn from_text(gpu: &Gpu, name: &str, text: &str, build: &Build) -> Result<Kernel> {
        let text = shader::compose(text, build)?;
        let module = naga::front::wgsl::parse_str(&text)
            .map_err(|error| Error::Gpu(format!("{name}.wgsl: {}", error.emit_to_string(&text))))?;
        let declared = declared(&module);
        let constants: Vec<_> = build
            .constants
            .iter()
            .copied()
            .filter(|(name, _)| module.overrides.iter().any(|(_, o)| o.name.as_deref() == Some(*name)))
            .collect();
        let key = format!("{constants:?}\n{text}");
        if let Some(kernel) = gpu.kernels().get(&key) {
            return Ok(kernel.clone());
        }
        let scope = gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(name),
            entries: &layout_entries(&module),
        });
        let pipeline_layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(name),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let shader = gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(name),
            source: wgpu::ShaderSource::Wgsl(text.into()),
        });
        let pipeline = gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(name),
            layout: Some(&pipeline_layout),
            module: &shader,
            entry_point: Some(name),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &constants,
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        });
        if let Some(error) = pollster::block_on(scope.pop()) {
            return Err(Error::Gpu(format!("{name}.wgsl: {error}")));
        }
        let kernel = Kernel { name: name.to_owned(), pipeline, layout, declared };
        gpu.kernels().insert(key, kernel.clone());
        Ok(kernel)
    }

    /// Binds a buffer, or a part of one, to each name that the kernel declares; other names are ignored. A dispatch
    /// reads the buffer bound as `plan` through a window of `plan_bytes`, which it places.
    ///
    /// # Errors
    /// [`Error::Gpu`] naming a declared buffer that was not given.
    pub fn bind(&self, gpu: &Gpu, plan_bytes: u64, buffers: &[Named<'_>]) -> Result<Bindings> {
        let mut entries = Vec::with_capacity(self.declared.len());
        for declared in &self.declared {
            let found = buffers.iter().find(|(name, _)| *name == declared.name);
            let mut part = found.map(|(_, part)| part.clone()).ok_or_else(|| {
                Error::Gpu(format!("{}: nothing is bound to {:?}", self.name, declared.name))
            })?;
            if declared.name == "plan" {
                part.size = wgpu::BufferSize::new(plan_bytes);
            }
            entries.push(wgpu::BindGroupEntry {
                binding: declared.index,
                resource: wgpu::BindingResource::Buffer(part),
            });
        }
        let scope = gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(&self.name),
            layout: &self.layout,
            entries: &entries,
        });
        match pollster::block_on(scope.pop()) {
            Some(error) => Err(Error::Gpu(format!("{}: {error}", self.name))),
            None => Ok(Bindings(group)),
        }
    }

    /// Encodes a dispatch of `groups` (columns, rows) workgroups, with the plan read at `plan_offset`.
    pub fn dispatch(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        bindings: &Bindings,
        plan_offset: u32,
        groups: (u32, u32),
    ) {
        if groups.0 == 0 || groups.1 == 0 {
            return;
        }
        let has_plan = self.declared.iter().any(|declared| declared.name == "plan");
        let offsets: &[u32] = if has_plan { &[plan_offset] } else { &[] };
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &bindings.0, offsets);
        pass.dispatch_workgroups(groups.0, groups.1, 1);
    }
}

fn bound_globals(module: &naga::Module) -> impl Iterator<Item = (&naga::GlobalVariable, u32)> {
    module
        .global_variables
        .iter()
        .filter_map(|(_, variable)| variable.binding.as_ref().map(|binding| (variable, binding.binding)))
}

fn declared(module: &naga::Module) -> Vec<Declared> {
    bound_globals(module)
        .map(|(variable, index)| Declared { name: variable.name.clone().unwrap_or_default(), index })
        .collect()
}

fn layout_entries(module: &naga::Module) -> Vec<wgpu::BindGroupLayoutEntry> {
    bound_globals(module)
        .map(|(variable, binding)| {
            let ty = match variable.space {
                naga::AddressSpace::Uniform => wgpu::BufferBindingType::Uniform,
                naga::AddressSpace::Storage { access } => wgpu::BufferBindingType::Storage {
                    read_only: !access.contains(naga::StorageAccess::STORE),
                },
                _ => wgpu::BufferBindingType::Uniform,
            };
            wgpu::BindGroupLayoutEntry {
                binding,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty,
                    has_dynamic_offset: variable.name.as_deref() == Some("plan"),
                    min_binding_size: None,
                },
                count: None,
            }
        })
        .collect()
}
