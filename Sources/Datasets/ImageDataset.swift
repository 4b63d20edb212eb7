import Foundation
import Images

/// Labelled pictures, numbered from 0.
public protocol ImageDataset: Sendable {
  /// For messages, for example "cifar10 train".
  var name: String { get }
  /// How many pictures there are, at least 1.
  var count: Int { get }
  /// One name a label, in the labels' order.
  var classNames: [String] { get }
  /// Side in pixels of the pictures that evaluation sees, and of a view unless configured otherwise.
  var imageSize: Int { get }
  /// How the colours of this data are centred.
  var normalization: Normalization { get }
  /// Bytes that every process holds for as long as it uses the pictures.
  var residentBytes: Int { get }
  /// Which pictures are read together; nil: each by itself, so that no order is slower than another.
  var blocks: PictureBlocks? { get }

  /// The label of picture `index`: 0 ..< `classCount`.
  func label(at index: Int) -> Int
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

/// The two parts of a data set.
public struct DatasetPair: Sendable {
  public let train: any ImageDataset
  /// nil: there is none, and what was learned cannot be tested on this data.
  public let test: (any ImageDataset)?
  /// What it is, for everybody who compares results: counts, classes, digests; one sentence each.
  public let notes: [String]
  /// What a person should know about the data although it is usable; one sentence each.
  public let warnings: [String]
  /// What was found to be unusable when the data was opened, and was let pass: pictures, and folders without any.
  public let faults: [DataFault]
  /// SHA-256 over what decides which picture has which number, in hexadecimal; nil where the name of the data says
  /// it.
  public let digest: String?
  /// For the file that `DatasetOptions.indexFile` names at the next start; nil where it need not be written, and on
  /// other ranks than 0.
  public let index: Data?

  public init(
    train: any ImageDataset, test: (any ImageDataset)?, notes: [String] = [], warnings: [String] = [],
    faults: [DataFault] = [], digest: String? = nil, index: Data? = nil
  ) {
    self.train = train
    self.test = test
    self.notes = notes
    self.warnings = warnings
    self.faults = faults
    self.digest = digest
    self.index = index
  }

  /// Training and test images.
  public var imageCount: Int { train.count + (test?.count ?? 0) }
}
