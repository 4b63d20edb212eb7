import Foundations

/// The fastest algorithm of convolutions, as measured on some machine.
///
/// Its text is a list of items of `name=value` words: first each library that was measured, then a convolution each,
/// `onednn=2.6.3 instruction_set=avx512_core` and
/// `rows=64 in=64x32x32 out=64 kernel=3 stride=1 padding=1 forward=winograd backward_data=winograd …`.
public struct KernelTable: Equatable, Sendable {
  /// What was measured.
  public var libraries: [ConvolutionLibrary]
  public private(set) var convolutions: [(shape: ConvolutionShape, winners: Winners)] = []
  private var places: [ConvolutionShape: Int] = [:]

  public typealias Winners = [Convolution.Direction: ConvolutionAlgorithm]

  public typealias Problem = ItemProblem
  /// A word of its items.
  public static let exampleWord = "rows=64"

  public init(measuredWith libraries: [ConvolutionLibrary]) {
    self.libraries = libraries
  }

  public static func == (a: Self, b: Self) -> Bool { a.items == b.items }

  public subscript(shape: ConvolutionShape, direction: Convolution.Direction) -> ConvolutionAlgorithm? {
    places[shape].flatMap { convolutions[$0].winners[direction] }
  }

  public mutating func append(_ shape: ConvolutionShape, _ winners: Winners) {
    precondition(places[shape] == nil, "a table has a shape once")
    places[shape] = convolutions.count
    convolutions.append((shape, winners))
  }

  /// Whether some convolution is computed in this precision.
  public func uses(_ precision: Precision) -> Bool {
    convolutions.contains { $0.winners.values.contains { $0.precision == precision } }
  }

  /// Whether some convolution is computed by this library.
  public func uses(_ library: ConvolutionLibrary) -> Bool {
    convolutions.contains { $0.winners.values.contains { $0.backend == library.name } }
  }

  // MARK: Text

  /// The items, which read back to an equal table.
  public var items: [String] {
    libraries.map { "\($0.key)=\($0.version) instruction_set=\($0.instructionSet)" }
      + convolutions.map { shape, winners in
        let directions = Convolution.Direction.allCases.compactMap { direction in
          winners[direction].map { " \(direction.rawValue)=\($0)" }
        }
        return "rows=\(shape.rows) in=\(shape.inChannels)x\(shape.height)x\(shape.width) "
          + "out=\(shape.outChannels) kernel=\(shape.kernelSize) stride=\(shape.stride) "
          + "padding=\(shape.padding)" + directions.joined()
      }
  }

  /// - Parameter backends: Those whose libraries and algorithms may be named.
  public init(items: [String], backends: ConvolutionBackends = .linked) throws(Problem) {
    self.init(measuredWith: [])
    for (number, item) in items.enumerated() {
      var words = try ItemWords(item, item: number, example: Self.exampleWord)
      if convolutions.isEmpty, let library = try words.library(of: backends) {
        libraries.append(library)
      } else if libraries.isEmpty {
        throw words.problem("names no library where a line like onednn=2.6.3 instruction_set=avx2 must stand")
      } else {
        let (shape, winners) = try words.convolution(of: backends)
        guard places[shape] == nil else { throw words.problem("repeats a convolution") }
        append(shape, winners)
      }
      try words.expectNoMore()
    }
    guard !libraries.isEmpty else { throw Problem(item: 0, description: "is missing") }
    guard libraries.contains(where: { $0.name == backends.libraries.first?.name }) else {
      throw Problem(
        item: 0,
        description: "is of a version that had no kernels of its own, where the same names meant oneDNN's: "
          + "write a new table with 'sluice bench kernels --write'")
    }
  }
}

extension ItemWords {
  /// What a line about a library says; nil where the item is none.
  fileprivate mutating func library(
    of backends: ConvolutionBackends
  ) throws(ItemProblem) -> ConvolutionLibrary? {
    guard let instructionSet = textIfPresent("instruction_set") else { return nil }
    guard let known = backends.libraries.first(where: { has($0.key) }) else {
      let keys = backends.libraries.map(\.key).joined(separator: ", ")
      throw problem("names no library of convolutions that is here (there is \(keys))")
    }
    return ConvolutionLibrary(
      name: known.name, version: try text(known.key), instructionSet: instructionSet)
  }

  fileprivate mutating func convolution(
    of backends: ConvolutionBackends
  ) throws(ItemProblem) -> (ConvolutionShape, KernelTable.Winners) {
    let map = try map("in")
    let shape = ConvolutionShape(
      rows: try number("rows"), inChannels: map[0], height: map[1], width: map[2],
      outChannels: try number("out"), kernelSize: try number("kernel"), stride: try number("stride"),
      padding: try number("padding", from: 0))
    var winners: KernelTable.Winners = [:]
    for direction in Convolution.Direction.allCases {
      winners[direction] = try algorithm(direction.rawValue, of: backends)
    }
    return (shape, winners)
  }

  /// Channels, height and width.
  private mutating func map(_ name: String) throws(ItemProblem) -> [Int] {
    let value = try text(name)
    var sizes: [Int] = []
    for side in value.split(separator: "x", omittingEmptySubsequences: false) {
      sizes.append(try number(String(side), of: name))
    }
    guard sizes.count == 3 else { throw problem("has '\(name)=\(value)', which must be like in=64x32x32") }
    return sizes
  }

  private mutating func algorithm(
    _ name: String, of backends: ConvolutionBackends
  ) throws(ItemProblem) -> ConvolutionAlgorithm? {
    guard let value = textIfPresent(name) else { return nil }
    let known = backends.algorithms
    guard let algorithm = known.first(where: { "\($0)" == value }) else {
      let names = known.map(\.description).joined(separator: ", ")
      throw problem("has '\(name)=\(value)', which must be one of \(names)")
    }
    return algorithm
  }
}
