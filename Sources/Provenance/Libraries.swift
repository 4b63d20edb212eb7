import Layers

// What the numerical libraries that are linked say of themselves.
extension Environment.BLAS {
  static var linked: Self { Self(library: MatrixLibrary.name, core: MatrixLibrary.core) }
}

extension Environment.OneDNN {
  static var linked: Self {
    let backend = OneDNNBackend()
    let hasConvolutions = backend.isAvailable(OneDNNBackend.direct)
    return Self(
      version: backend.library.version,
      winograd: hasConvolutions ? backend.isAvailable(OneDNNBackend.winograd) : nil,
      instructionSet: backend.library.instructionSet)
  }
}

extension Environment.CPU {
  static var ownKernels: (instructionSet: String, channelBlock: Int) {
    (InstructionSet.best.rawValue, Pass.preferredLanes)
  }
}
