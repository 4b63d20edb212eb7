import Foundation
import Layers
import Networks
import ONNXMessages

/// The operations of a backbone in the order of its forward pass. A node has the name of the value that it makes; where
/// it is a layer's, that is the layer's name.
struct ONNXNodes {
  private(set) var all: [ONNXNodeProto] = []

  /// What logits are compared with.
  let zero = ONNXTensorProto(name: "zero", shape: [], data: Data(count: MemoryLayout<Float>.size))

  mutating func add(_ blueprint: Blueprint) {
    var map = relu(normalized(blueprint.stem, of: ONNXNames.images), "\(blueprint.stem.batchNorm).relu")
    if let pool = blueprint.stemPool { map = maximum(pool, of: map, "maxpool") }
    for block in blueprint.blocks { map = add(block, of: map, blueprint.gates) }
    let means = add("GlobalAveragePool", [map], "avgpool")
    _ = add("Flatten", [means], ONNXNames.features, [.init("axis", 1)])
  }

  /// A block; `gates` are the network's.
  private mutating func add(
    _ block: Blueprint.Block, of input: String, _ gates: [Blueprint.GateSite]
  ) -> String {
    var map = input
    for site in block.path.dropLast() {
      let mask = site.gateBehind.map { self.mask(gates[$0].name, of: map) }
      map = relu(normalized(site, of: map), "\(site.batchNorm).relu")
      if let mask { map = add("Mul", [map, mask], "\(site.batchNorm).masked") }
    }
    map = normalized(block.path[block.path.count - 1], of: map)
    if block.shortcut != .none {
      let shortcut = block.projection.map { normalized($0, of: input) } ?? input
      map = add("Add", [map, shortcut], "\(block.name).sum")
    }
    guard let pool = block.pool else { return relu(map, block.name) }
    return maximum(pool, of: relu(map, "\(block.name).relu"), block.name)
  }

  /// The convolution of a site and the batch norm behind it.
  private mutating func normalized(_ site: Blueprint.Site, of input: String) -> String {
    let (kernel, stride, padding) = (site.shape.kernelSize, site.shape.stride, site.shape.padding)
    let map = add(
      "Conv", [input, "\(site.name).weight"], site.name,
      [
        .init("kernel_shape", [kernel, kernel]), .init("strides", [stride, stride]),
        .init("pads", [padding, padding, padding, padding]),
      ])
    return batchNorm(site.batchNorm, of: map)
  }

  private mutating func batchNorm(_ name: String, of input: String) -> String {
    add(
      "BatchNormalization",
      [input] + ["weight", "bias", "running_mean", "running_var"].map { "\(name).\($0)" }, name,
      [.init("epsilon", Float(BatchNorm.epsilon))])
  }

  /// 1 where the gate opens a channel for an image, else 0, `[N, C, 1, 1]`; a logit of exactly 0 opens.
  private mutating func mask(_ gate: String, of input: String) -> String {
    let means = add("GlobalAveragePool", [input], "\(gate).means")
    let squeezed = add("Conv", [means, "\(gate).0.weight"], "\(gate).0")
    let hidden = relu(batchNorm("\(gate).1", of: squeezed), "\(gate).2")
    let logits = add("Conv", [hidden, "\(gate).3.weight"], ONNXNames.logits(ofGate: gate))
    let open = add("GreaterOrEqual", [logits, zero.name], "\(gate).open")
    return add("Cast", [open], "\(gate).mask", [.init("to", Int(ONNXTensorProto.DataType.float.rawValue))])
  }

  private mutating func maximum(_ pool: MaxPool, of input: String, _ name: String) -> String {
    let (kernel, stride, padding) = (pool.kernelSize, MaxPool.stride, pool.padding)
    return add(
      "MaxPool", [input], name,
      [
        .init("kernel_shape", [kernel, kernel]), .init("strides", [stride, stride]),
        .init("pads", [padding, padding, padding, padding]),
      ])
  }

  private mutating func relu(_ input: String, _ name: String) -> String { add("Relu", [input], name) }

  /// Adds a node, and returns the name of what it makes.
  private mutating func add(
    _ operation: String, _ inputs: [String], _ name: String, _ attributes: [ONNXAttributeProto] = []
  ) -> String {
    all.append(
      .with {
        $0.opType = operation
        $0.name = name
        $0.input = inputs
        $0.output = [name]
        $0.attribute = attributes
      })
    return name
  }
}

extension ONNXAttributeProto {
  init(_ name: String, _ value: Int) {
    self.init()
    (self.name, type, i) = (name, .int, Int64(value))
  }

  init(_ name: String, _ values: [Int]) {
    self.init()
    (self.name, type, ints) = (name, .ints, values.map(Int64.init))
  }

  init(_ name: String, _ value: Float) {
    self.init()
    (self.name, type, f) = (name, .float, value)
  }
}
