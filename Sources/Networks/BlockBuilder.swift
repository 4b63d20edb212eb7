import Layers

/// Adds block after block to a blueprint, each to the output of the one before.
struct BlockBuilder {
  /// A convolution and the batch norm behind it, without the map that it takes.
  struct Layer {
    let name: String
    let batchNorm: String
    let kernelSize: Int
    /// Of its output.
    var channels: Int
    var stride = 1
    /// Name of the gate on its output channels.
    var gate: String?
    /// Whether its batch norm's γ starts at 0.
    var startsAtZero = false
  }

  private(set) var blocks: [Blueprint.Block] = []
  private(set) var gates: [Blueprint.GateSite] = []
  /// Of the map that the next convolution takes.
  private(set) var channels: Int
  /// The same with as many channels as layers ask for, which gates' hidden units are reckoned from: a network from which
  /// channels were taken has the gates that it had.
  private var wholeChannels: Int
  private var size: Int
  /// Those of the blocks that are still to come; nil: as many as layers ask for.
  private var innerChannels: ArraySlice<Int>?

  /// - Parameter innerChannels: See `BackboneConfiguration`.
  init(channels: Int, size: Int, innerChannels: [Int]? = nil) {
    (self.channels, wholeChannels, self.size) = (channels, channels, size)
    self.innerChannels = innerChannels.map { $0[...] }
  }

  init(behind stem: Blueprint.Site, _ pool: MaxPool?, innerChannels: [Int]?) {
    let size = stem.shape.outHeight
    self.init(
      channels: stem.shape.outChannels, size: pool?.outputSize(size) ?? size, innerChannels: innerChannels)
  }

  /// A convolution of the present map.
  func site(_ layer: Layer) -> Blueprint.Site { Blueprint.Site(layer, inChannels: channels, size: size) }

  /// - Parameter shortcut: From the present map to the output of `layers`.
  mutating func add(
    _ name: String, _ layers: [Layer], shortcut: Blueprint.Shortcut, pool: MaxPool? = nil
  ) {
    let firstGate = gates.count
    var path: [Blueprint.Site] = []
    for (index, whole) in layers.enumerated() {
      var layer = whole
      if index < layers.count - 1, let channels = innerChannels?.removeFirst() { layer.channels = channels }
      var site = site(layer)
      site.gateBefore = path.last?.gateBehind
      if let gate = layer.gate {
        site.gateBehind = gates.count
        gates.append(
          .init(
            name: gate, inChannels: channels, hidden: wholeChannels / ChannelGate.reduction,
            channels: layer.channels))
      }
      path.append(site)
      (channels, wholeChannels, size) = (layer.channels, whole.channels, site.shape.outHeight)
    }
    if let pool { size = pool.outputSize(size) }
    blocks.append(
      .init(name: name, path: path, shortcut: shortcut, pool: pool, gates: firstGate..<gates.count))
  }
}

extension Blueprint.Site {
  /// - Parameter padding: nil: as much as keeps the size where the stride is 1.
  init(
    _ layer: BlockBuilder.Layer, inChannels: Int, size: Int, padding: Int? = nil, takesImages: Bool = false
  ) {
    self.init(
      name: layer.name, batchNorm: layer.batchNorm,
      shape: ConvolutionShape(
        rows: 1, inChannels: inChannels, height: size, width: size, outChannels: layer.channels,
        kernelSize: layer.kernelSize, stride: layer.stride, padding: padding ?? layer.kernelSize / 2),
      takesImages: takesImages, startsAtZero: layer.startsAtZero)
  }
}
