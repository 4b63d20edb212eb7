import Datasets
import Foundations
import Networks
import Tensors

/// Where what is known of an image stands in a file of features: each tensor has a row for every image.
struct EmbeddingLayout: Sendable {
  /// What there is a tensor of, by its name.
  enum Column: String {
    /// I64: the image's number in the data set.
    case index
    /// I64; only where images have labels.
    case labels
    /// I64: multiply-adds that the network spent.
    case macs
    /// F32, `[images × features]`.
    case features
    /// I32, `[images × gates]`; only where the network has gates.
    case openChannels = "open_channels"
    /// U8, `[images × bytes of the longest]`: UTF-8 with zeros behind it.
    case names
  }

  let images: Int
  let features: Int
  /// What the gates are called.
  let gates: [String]
  /// Bytes of the longest name.
  let nameBytes: Int
  /// What the file begins with, and its size.
  let file: SafetensorsLayout
  private let columns: [Column: (start: Int, rowBytes: Int)]

  /// - Parameter metadata: What the file says of itself.
  init(_ dataset: any ImageDataset, _ blueprint: Blueprint, metadata: [String: String]) {
    let (images, gates) = (dataset.count, blueprint.gateLabels)
    (self.images, self.gates) = (images, gates)
    features = blueprint.featureCount
    nameBytes = (0..<images).reduce(1) { max($0, dataset.imageName(at: $1).utf8.count) }
    // Wide numbers first, so that all lie at multiples of their size.
    var tensors: [(column: Column, width: Int?, dtype: SafetensorsType)] = [(.index, nil, .int64)]
    if dataset.isLabelled { tensors.append((.labels, nil, .int64)) }
    tensors += [(.macs, nil, .int64), (.features, features, .float32)]
    if !gates.isEmpty { tensors.append((.openChannels, gates.count, .int32)) }
    tensors.append((.names, nameBytes, .uint8))
    let file = SafetensorsLayout(
      tensors.map { column, width, dtype in
        .init(name: column.rawValue, shape: [images] + (width.map { [$0] } ?? []), dtype: dtype)
      }, metadata: metadata)
    self.file = file
    columns = Dictionary(
      uniqueKeysWithValues: zip(tensors, file.ranges).map { tensor, range in
        (tensor.column, (range.lowerBound, range.count / images))
      })
  }

  func has(_ column: Column) -> Bool { columns[column] != nil }

  /// Positions in the file of some images' rows.
  ///
  /// - Precondition: There is such a tensor.
  func range(of column: Column, _ images: Range<Int>) -> Range<Int> {
    let (start, rowBytes) = columns[column]!
    return start + images.lowerBound * rowBytes..<start + images.upperBound * rowBytes
  }
}
