/// The fastest algorithm of convolutions, as measured on some machine.
///
/// Its text is a list of items of `name=value` words: first the machine, then a convolution each,
/// `rows=64 in=64x32x32 out=64 kernel=3 stride=1 padding=1 forward=winograd backward_data=winograd …`.
public struct KernelTable: Equatable, Sendable {
  /// oneDNN's version and the instruction set that it used, by its own name.
  public var library: String
  public var instructionSet: String
  public private(set) var convolutions: [(shape: ConvolutionShape, winners: Winners)] = []
  private var places: [ConvolutionShape: Int] = [:]

  public typealias Winners = [Convolution.Direction: ConvolutionAlgorithm]

  /// Why an item cannot be read; completes the sentence "this item …".
  public struct Problem: Error, Equatable, CustomStringConvertible {
    /// Of the item, from 0.
    public let item: Int
    public let description: String
  }

  public init(library: String, instructionSet: String) {
    self.library = library
    self.instructionSet = instructionSet
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

  public func contains(_ algorithm: ConvolutionAlgorithm) -> Bool {
    convolutions.contains { $0.winners.values.contains(algorithm) }
  }

  // MARK: Text

  /// The items, which read back to an equal table.
  public var items: [String] {
    ["onednn=\(library) instruction_set=\(instructionSet)"]
      + convolutions.map { shape, winners in
        let directions = Convolution.Direction.allCases.compactMap { direction in
          winners[direction].map { " \(direction.rawValue)=\($0.rawValue)" }
        }
        return "rows=\(shape.rows) in=\(shape.inChannels)x\(shape.height)x\(shape.width) "
          + "out=\(shape.outChannels) kernel=\(shape.kernel) stride=\(shape.stride) "
          + "padding=\(shape.padding)" + directions.joined()
      }
  }

  public init(items: [String]) throws(Problem) {
    guard let first = items.first else { throw Problem(item: 0, description: "is missing") }
    var machine = try Words(first, item: 0)
    self.init(library: try machine.text("onednn"), instructionSet: try machine.text("instruction_set"))
    try machine.expectNoMore()
    for (number, item) in items.enumerated().dropFirst() {
      var words = try Words(item, item: number)
      let map = try words.map("in")
      let shape = ConvolutionShape(
        rows: try words.number("rows"), inChannels: map[0], height: map[1], width: map[2],
        outChannels: try words.number("out"), kernel: try words.number("kernel"),
        stride: try words.number("stride"), padding: try words.number("padding", from: 0))
      var winners: Winners = [:]
      for direction in Convolution.Direction.allCases {
        winners[direction] = try words.algorithm(direction.rawValue)
      }
      try words.expectNoMore()
      guard places[shape] == nil else { throw words.problem("repeats a convolution") }
      append(shape, winners)
    }
  }
}

/// The words of an item, taken by name.
private struct Words {
  private var values: [String: String] = [:]
  private let item: Int

  init(_ text: String, item: Int) throws(KernelTable.Problem) {
    self.item = item
    for word in text.split(separator: " ") {
      let sides = word.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard sides.count == 2, !sides[0].isEmpty, !sides[1].isEmpty else {
        throw problem("has '\(word)' where a word like rows=64 must stand")
      }
      guard values.updateValue(sides[1], forKey: sides[0]) == nil else {
        throw problem("gives '\(sides[0])' more than once")
      }
    }
  }

  func problem(_ text: String) -> KernelTable.Problem { .init(item: item, description: text) }

  mutating func text(_ name: String) throws(KernelTable.Problem) -> String {
    guard let value = values.removeValue(forKey: name) else { throw problem("has no '\(name)='") }
    return value
  }

  mutating func number(_ name: String, from least: Int = 1) throws(KernelTable.Problem) -> Int {
    try number(try text(name), of: name, from: least)
  }

  /// Channels, height and width.
  mutating func map(_ name: String) throws(KernelTable.Problem) -> [Int] {
    let value = try text(name)
    var sizes: [Int] = []
    for side in value.split(separator: "x", omittingEmptySubsequences: false) {
      sizes.append(try number(String(side), of: name, from: 1))
    }
    guard sizes.count == 3 else { throw problem("has '\(name)=\(value)', which must be like in=64x32x32") }
    return sizes
  }

  mutating func algorithm(_ name: String) throws(KernelTable.Problem) -> ConvolutionAlgorithm? {
    guard let value = values.removeValue(forKey: name) else { return nil }
    guard let algorithm = ConvolutionAlgorithm(rawValue: value) else {
      let names = ConvolutionAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
      throw problem("has '\(name)=\(value)', which must be one of \(names)")
    }
    return algorithm
  }

  func expectNoMore() throws(KernelTable.Problem) {
    if let name = values.keys.min() { throw problem("has '\(name)=', which means nothing there") }
  }

  private func number(_ text: String, of name: String, from least: Int) throws(KernelTable.Problem) -> Int {
    guard let number = Int(text), (least...1_000_000).contains(number) else {
      throw problem("has '\(text)' for '\(name)', which must be a whole number of at least \(least)")
    }
    return number
  }
}
