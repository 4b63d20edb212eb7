import Foundation

/// What decides the bytes of a pack: the same plan gives the same files, on any number of ranks and threads.
public struct PackPlan: Codable, Equatable, Sendable {
  /// The data as it was named.
  public var source: String
  /// SHA-256 over what decides which image has which number; nil where `source` says it.
  public var sourceDigest: String?
  /// The longer side of images in pixels at most; nil: as in the source.
  public var maxSide: Int?
  /// Of JPEG; nil: the source's bytes, 90 where they cannot be kept, PNG for pixels.
  public var quality: Int?
  /// Decides the order of images.
  public var seed: UInt64 = 0
  // The file's own words for the parts.
  private var train: Part
  private var reference: Part?
  private var val: Part?

  public struct Part: Codable, Equatable, Sendable {
    /// In the source.
    public var images: Int
    public var shards: Int

    public init(images: Int, shards: Int) {
      self.images = images
      self.shards = shards
    }
  }

  public init(
    source: String, sourceDigest: String?, maxSide: Int?, quality: Int?, parts: PerPart<Part>
  ) {
    self.source = source
    self.sourceDigest = sourceDigest
    self.maxSide = maxSide
    self.quality = quality
    train = parts.train
    reference = parts.reference
    val = parts.test
  }

  public var parts: PerPart<Part> { PerPart(train: train, reference: reference, test: val) }

  /// What is being packed, while it is not finished.
  public static let fileName = "pack.json"
}
