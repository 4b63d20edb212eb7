import COpenBLAS

/// The library of matrix products outside training steps.
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
