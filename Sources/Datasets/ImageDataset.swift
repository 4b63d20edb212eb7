import Foundation
import Images

/// Images, numbered from 0, with labels or without.
public protocol ImageDataset: Sendable {
  /// For messages, for example "cifar10 train".
  var name: String { get }
  /// How many images there are, at least 1.
  var count: Int { get }
  /// One name a label, in the labels' order; empty where there are no labels.
  var classNames: [String] { get }
  /// Side in pixels of the images that evaluation sees, and of a view unless configured otherwise.
  var imageSize: Int { get }
  /// How the colours of this data are centred.
  var normalization: Normalization { get }
  /// Bytes that every process holds for as long as it uses the images.
  var residentBytes: Int { get }
  /// Which images are read together; nil: each by itself, so that no order is slower than another.
  var blocks: ImageBlocks? { get }

  /// The label of image `index`, in 0 ..< `classCount`; nil for every image, or for none.
  func label(at index: Int) -> Int?
  /// Image `index` as it is kept. Any thread may ask.
  ///
  /// - Throws: `DatasetError.badImage` where an image is read only now and cannot be.
  func storedImage(at index: Int) throws -> StoredImage
  /// What a person calls image `index`, for example a file's path.
  func imageName(at index: Int) -> String
  /// Prepares for images of blocks of this many bytes that are asked for in turn.
  func reserve(cacheBytes: Int)
}

extension ImageDataset {
  /// Images are made or read when they are asked for.
  public var residentBytes: Int { 0 }

  public var blocks: ImageBlocks? { nil }

  public func reserve(cacheBytes: Int) {}

  public var classCount: Int { classNames.count }

  public var isLabelled: Bool { label(at: 0) != nil }

  /// The classes that its labels tell apart; nil: it has no labels.
  public var labelledClassCount: Int? { isLabelled ? classCount : nil }

  public func imageName(at index: Int) -> String { "\(name), image \(index)" }

  /// Image `index`, whole.
  ///
  /// - Throws: `DatasetError.badImage`, which names the image.
  public func image(at index: Int) throws -> RGBImage {
    let stored = try storedImage(at: index)
    do {
      return try stored.decoded()
    } catch {
      throw DatasetError.badImage(name: imageName(at: index), reason: "\(error)")
    }
  }
}
