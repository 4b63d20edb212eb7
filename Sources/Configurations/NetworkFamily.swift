import Networks

/// The families of networks that `network.family` chooses from.
public enum NetworkFamily: String, CaseIterable, Sendable {
  case resnet
  case vgg

  private var configuration: any BackboneConfiguration.Type {
    switch self {
    case .resnet: ResNetConfiguration.self
    case .vgg: VGGConfiguration.self
    }
  }

  /// As people write it.
  public var title: String { configuration.title }
  /// Values of `network.depth` that are networks of this family.
  public var depths: [Int] { configuration.depths }
  /// Of `network.input_size`.
  var smallestInput: Int { configuration.smallestInput }

  /// How many numbers `network.inner_channels` has.
  func innerChannelCount(depth: Int) -> Int { configuration.init(depth: depth).blueprint.innerChannels.count }

  /// Of any family, in order.
  static let allDepths = allCases.flatMap(\.depths).sorted()
}

extension NetworkSettings {
  /// For example `ResNet-18 of width 64`.
  public var title: String {
    "\(family.title)-\(depth) of width \(width)\(innerChannels == nil ? "" : ", compact")"
  }

  /// Why there is no such network; nil: there is.
  var conflict: ConfigurationError? {
    guard family.depths.contains(depth) else {
      let depths = family.depths.map(String.init)
      return .conflict(
        "there is no \(family.title)-\(depth): with network.family \(family.rawValue), network.depth must be "
          + "\(depths.dropLast().joined(separator: ", ")) or \(depths[depths.count - 1])")
    }
    guard inputSize >= family.smallestInput else {
      return .conflict(
        "a \(family.title) takes images of \(family.smallestInput)×\(family.smallestInput) pixels or more, and the "
          + "network's input is \(inputSize)×\(inputSize): use network.input_size \(family.smallestInput), or another "
          + "network.family")
    }
    // Images may be of any size, where a configuration leaves it to them.
    guard inputSize <= Self.inputSizes.upperBound else {
      return .conflict(
        "the network's input is \(inputSize)×\(inputSize), and may be \(Self.inputSizes.upperBound)×"
          + "\(Self.inputSizes.upperBound) at most: set network.input_size")
    }
    let count = family.innerChannelCount(depth: depth)
    if let innerChannels, innerChannels.count != count {
      return .conflict(
        "network.inner_channels has \(innerChannels.count) numbers, and a \(family.title)-\(depth) has \(count) "
          + "convolutions that another one of their block reads: give a number for each, or auto")
    }
    return nil
  }
}
