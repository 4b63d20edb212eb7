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

  /// The label of picture `index`: 0 ..< `classCount`.
  func label(at index: Int) -> Int
  /// Picture `index`. Any thread may ask.
  ///
  /// - Throws: Where a picture is read only now and cannot be.
  func image(at index: Int) throws -> RGBImage
}

extension ImageDataset {
  /// Pictures are made or read when they are asked for.
  public var residentBytes: Int { 0 }

  public var classCount: Int { classNames.count }
}

/// The two parts of a data set.
public struct DatasetPair: Sendable {
  public let train: any ImageDataset
  public let test: any ImageDataset
  /// What a person should know about the data although it is usable; one sentence each.
  public let warnings: [String]

  public init(train: any ImageDataset, test: any ImageDataset, warnings: [String] = []) {
    self.train = train
    self.test = test
    self.warnings = warnings
  }
}
