import Foundations

/// Trains a linear classifier on the features of a checkpoint, as `sluice evaluate linear` does.
public protocol LinearAccuracy {
  /// Every rank calls it.
  ///
  /// - Parameter checkpoint: The folder of a checkpoint, or `latest`.
  /// - Returns: The object of `evaluate linear --json`, on rank 0; nil on others, and where the data cannot be
  ///   classified.
  func evaluate(checkpoint: String) throws -> JSONValue?
}
