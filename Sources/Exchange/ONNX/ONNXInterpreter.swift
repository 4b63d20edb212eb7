import Foundation
import ONNXMessages
import SwiftProtobuf

/// Computes the graph of an ONNX file, plainly and in double precision: what an export is checked with.
///
/// It knows the operators that Sluice writes (`ONNXNodes`), for maps `[N, C, H, W]`, square kernels and equal padding on
/// all sides. Source: https://onnx.ai/onnx/operators.
struct ONNXInterpreter {
  private let graph: ONNXGraphProto
  private let constants: [String: ONNXTensorProto]

  /// What cannot be computed.
  struct Unreadable: Error, CustomStringConvertible {
    let problem: String
    var description: String { problem }
  }

  /// - Parameter file: The bytes of an ONNX file.
  /// - Throws: `Unreadable`.
  init(_ file: Data) throws(Unreadable) {
    do {
      graph = try ONNXModelProto(serializedBytes: file).graph
    } catch {
      throw Unreadable(problem: "it is not an ONNX file")
    }
    constants = Dictionary(graph.initializer.map { ($0.name, $0) }) { first, _ in first }
  }

  /// The values of some nodes.
  ///
  /// - Parameters:
  ///   - inputs: What the graph begins with, by name.
  ///   - wanted: Names of the values to return; others are forgotten after their last use.
  func values(of wanted: [String], from inputs: [String: ONNXValue]) throws(Unreadable) -> [String: ONNXValue]
  {
    var values = inputs
    var lastUse = Dictionary(
      graph.node.enumerated().flatMap { index, node in node.input.map { ($0, index) } },
      uniquingKeysWith: max)
    for name in wanted { lastUse[name] = nil }
    for (index, node) in graph.node.enumerated() {
      var operands: [ONNXValue] = []
      for name in node.input {
        if let value = values[name] {
          operands.append(value)
        } else if let constant = constants[name] {
          operands.append(try Self.value(constant))
        } else {
          throw Unreadable(problem: "node '\(node.name)' takes '\(name)', which nothing makes")
        }
      }
      let result = try Self.result(of: node, operands)
      for name in node.output { values[name] = result }
      for name in node.input where lastUse[name] == index { values[name] = nil }
    }
    let missing = wanted.filter { values[$0] == nil }
    guard missing.isEmpty else { throw Unreadable(problem: "nothing makes '\(missing[0])'") }
    return values.filter { wanted.contains($0.key) }
  }

  private static func value(_ tensor: ONNXTensorProto) throws(Unreadable) -> ONNXValue {
    let shape = tensor.dims.map(Int.init)
    guard tensor.dataType == ONNXTensorProto.DataType.float.rawValue,
      tensor.rawData.count == MemoryLayout<Float>.size * shape.reduce(1, *)
    else { throw Unreadable(problem: "'\(tensor.name)' does not hold the floats of its shape") }
    let numbers = tensor.rawData.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: MemoryLayout<Float>.size).map {
        Double(bytes.loadUnaligned(fromByteOffset: $0, as: Float.self))
      }
    }
    return ONNXValue(shape, numbers)
  }

  private static func result(
    of node: ONNXNodeProto, _ operands: [ONNXValue]
  ) throws(Unreadable) -> ONNXValue {
    func attribute(_ name: String) -> ONNXAttributeProto? { node.attribute.first { $0.name == name } }
    func size(_ name: String, otherwise: Int) -> Int {
      attribute(name)?.ints.first.map(Int.init) ?? otherwise
    }
    let window = ONNXWindow(
      size: size("kernel_shape", otherwise: 1), stride: size("strides", otherwise: 1),
      padding: size("pads", otherwise: 0))
    let (x, others) = (operands[0], operands.dropFirst())
    switch (node.opType, others.count) {
    case ("Conv", 1): return x.convolved(with: operands[1], window)
    case ("MaxPool", 0): return x.maximum(over: window)
    case ("BatchNormalization", 4):
      return x.normalized(Array(others), epsilon: Double(attribute("epsilon")?.f ?? 1e-5))
    case ("Relu", 0): return x.map { max($0, 0) }
    case ("Add", 1): return x.combined(with: operands[1], +)
    case ("Mul", 1): return x.combined(with: operands[1], *)
    case ("GreaterOrEqual", 1): return x.combined(with: operands[1]) { $0 >= $1 ? 1 : 0 }
    case ("Cast", 0): return x
    case ("GlobalAveragePool", 0): return x.means
    case ("Flatten", 0): return ONNXValue([x.shape[0], x.shape.dropFirst().reduce(1, *)], x.numbers)
    default: throw Unreadable(problem: "node '\(node.name)' is of an unknown kind, \(node.opType)")
    }
  }
}
