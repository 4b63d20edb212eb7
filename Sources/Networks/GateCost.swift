/// What an image costs a network as a function of the channels that its gates open, in multiply-adds or in time: what a
/// budget is of.
///
///   cost(n) = allClosed + Σ_g perOpenChannel_g · n_g + Σ_p each_p · n_first(p) · n_second(p).
///
/// Its share is (cost − base) / scale. Of MACs that is the share of the dense network's. Of time it is the share of what
/// opening every channel adds, as most of the time may be spent whatever gates decide: so a budget pulls as hard at time as
/// at MACs.
public struct GateCost: Sendable, Equatable {
  /// Where two gates meet in a convolution: its cost grows with both counts.
  public struct Product: Sendable, Equatable {
    public let first: Int
    public let second: Int
    /// Of one open channel of each.
    public let each: Double
  }

  /// Of an image for which every channel is closed.
  public let allClosed: Double
  /// By gate: what one open channel costs, products apart.
  public let perOpenChannel: [Double]
  /// In the order of those of `GateUsage`, or none.
  public let products: [Product]
  /// By gate: the channels that it opens and closes.
  public let channels: [Int]
  /// What shares leave out.
  public let base: Double
  /// What shares divide by.
  public let scale: Double

  public init(_ macs: MACs) {
    allClosed = Double(macs.allClosed)
    perOpenChannel = macs.perOpenChannel.map(Double.init)
    products = macs.products.map { Product(first: $0.first, second: $0.second, each: Double($0.macs)) }
    channels = macs.channels
    (base, scale) = (0, Double(macs.dense))
  }

  /// A time: `allClosed`, and the sum of what open channels add to it.
  public init(allClosed: Double, perOpenChannel: [Double], channels: [Int]) {
    self.allClosed = allClosed
    self.perOpenChannel = perOpenChannel
    products = []
    self.channels = channels
    base = allClosed
    scale = zip(perOpenChannel, channels).reduce(0) { $0 + $1.0 * Double($1.1) }
  }

  /// ∂cost/∂n of a gate: what one more open channel costs an image with these open channels.
  public func slope(of gate: Int, open: [Double]) -> Double {
    products.reduce(perOpenChannel[gate]) { sum, product in
      if product.first == gate { return sum + product.each * open[product.second] }
      if product.second == gate { return sum + product.each * open[product.first] }
      return sum
    }
  }

  /// Of the mean cost of images; in MACs 1 for a network without gates.
  public func share(_ usage: GateUsage) -> Double {
    let variable =
      zip(perOpenChannel, usage.open).reduce(0.0) { $0 + $1.0 * $1.1 }
      + zip(products, usage.products).reduce(0.0) { $0 + $1.0.each * $1.1 }
    return (allClosed - base + variable / Double(usage.images)) / scale
  }

  public func share(ofCost cost: Double) -> Double { (cost - base) / scale }

  public func cost(ofShare share: Double) -> Double { base + share * scale }

  /// Of an image for which every channel is open.
  public var allOpen: Double { allClosed + linear + product }

  /// The share of open channels, the same at every gate, that costs such a share; in [0, 1].
  ///
  /// With density d the cost is closed + d·linear + d²·product; the root of that, written so that it holds for product = 0
  /// too, is 2·left / (linear + √(linear² + 4·product·left)), left = cost − closed.
  public func density(target: Double) -> Double {
    let left = max(cost(ofShare: target) - allClosed, 0)
    return min(2 * left / (linear + (linear * linear + 4 * product * left).squareRoot()), 1)
  }

  private var linear: Double { zip(perOpenChannel, channels).reduce(0) { $0 + $1.0 * Double($1.1) } }

  private var product: Double {
    products.reduce(0) { $0 + $1.each * Double(channels[$1.first] * channels[$1.second]) }
  }
}
