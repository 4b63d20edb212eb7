import COpenBLAS
import CVector

// What the code between convolutions says of itself: which library and instructions are behind a result's bits.
// (`ConvolutionBackend.library` is the same for convolutions.)

/// The library of matrix products.
public enum MatrixLibrary {
  /// Its name and version, for example `OpenBLAS 0.3.21`.
  public static var name: String {
    String(cString: openblas_configuration()).split(separator: " ").prefix(2).joined(separator: " ")
  }

  /// The processor whose code it chose.
  public static var core: String { String(cString: openblas_core()) }

  /// Whether code for a processor of that name does without AVX2.
  public static func isOld(core: String) -> Bool { openblas_is_old_core(core) != 0 }
}

/// The C functions of CVector.
public enum VectorCode {
  /// What they were compiled for and the loader chose: avx512, avx2 or baseline.
  public static var instructionSet: String { String(cString: vector_instruction_set()) }
}
