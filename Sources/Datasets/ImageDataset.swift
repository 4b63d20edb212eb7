import Foundation
import Images

/// Images, numbered from 0, with labels or without.
public protocol ImageDataset: Sendable {
  /// For messages, for example "cifar10 train".
  var name: String { get }
  /// How many pictures there are, at least 1.
  var count: Int { get }
  /// One name a label, in the labels' order; empty where there are no labels.
  var classNames: [String] { get }
  /// Side in pixels of the pictures that evaluation sees, and of a view unless configured otherwise.
  var imageSize: Int { get }
  /// How the colours of this data are centred.
  var normalization: Normalization { get }
  /// Bytes that every process holds for as long as it uses the pictures.
  var residentBytes: Int { get }
  /// Which pictures are read together; nil: each by itself, so that no order is slower than another.
  var blocks: PictureBlocks? { get }

  /// The label of picture `index`, in 0 ..< `classCount`; nil for every picture, or for none.
  func label(at index: Int) -> Int?
  /// Picture `index` as it is kept. Any thread may ask.
  ///
  /// - Throws: `DatasetError.badImage` where a picture is read only now and cannot be.
  func picture(at index: Int) throws -> StoredImage
  /// What a person calls picture `index`, for example a file's path.
  func pictureName(at index: Int) -> String
  /// Prepares for pictures of blocks of this many bytes that are asked for in turn.
  func reserve(cacheBytes: Int)
}

extension ImageDataset {
  /// Pictures are made or read when they are asked for.
  public var residentBytes: Int { 0 }

  public var blocks: PictureBlocks? { nil }

  public func reserve(cacheBytes: Int) {}

  public var classCount: Int { classNames.count }

  public var isLabelled: Bool { label(at: 0) != nil }

  public func pictureName(at index: Int) -> String { "\(name), image \(index)" }

  /// Picture `index`, whole.
  ///
  /// - Throws: `DatasetError.badImage`, which names the picture.
  public func image(at index: Int) throws -> RGBImage {
    let picture = try picture(at: index)
    do {
      return try picture.decoded()
    } catch {
      throw DatasetError.badImage(name: pictureName(at: index), reason: "\(error)")
    }
  }
}
