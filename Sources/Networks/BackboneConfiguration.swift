import Layers

/// What a network of some family is made of. A family is a type of these, and a blueprint for each of its values.
public protocol BackboneConfiguration: Sendable {
  /// What the family is called, for example `ResNet`.
  static var title: String { get }
  /// The depths that have a name, as it counts layers.
  static var depths: [Int] { get }
  /// Height and width in pixels of the smallest images that leave something of every map.
  static var smallestInput: Int { get }

  /// - Parameter depth: One of `depths`.
  init(depth: Int)

  /// `Blueprint.innerChannels` of a network from which some were taken, each at least 1; nil: as many as the family has.
  var innerChannels: [Int]? { get set }
  /// The network in numbers, from which its layers are made.
  var blueprint: Blueprint { get }
  var gateRule: GateRule { get }
  var kernels: ConvolutionKernels { get set }
  /// What tells it from its family's others besides depth and width, by the keys of an export's metadata.
  var particulars: [String: String] { get }
}

extension BackboneConfiguration {
  public var particulars: [String: String] { [:] }
}
