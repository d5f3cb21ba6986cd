/**
 * Loads reflect-metadata when it is first asked for, since importing it is a tenth of a small program's start. A CommonJS
 * file, which can require without `import.meta`: that is what keeps Jest from compiling a package to CommonJS.
 */
function loadReflectMetadata(): void {
  require('reflect-metadata');
}

export = loadReflectMetadata;
