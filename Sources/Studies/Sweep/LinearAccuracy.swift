import Foundations
import Training

/// What measures a finished run by a linear classifier on its features.
public protocol LinearAccuracy {
  /// Every rank calls it.
  ///
  /// - Returns: The object of `evaluate linear --json`, on rank 0; nil on others, and where the data cannot be
  ///   classified.
  /// - Throws: The same on every rank, or what failed on this rank alone.
  func evaluate(_ run: RunFolder) throws -> JSONValue?
}
