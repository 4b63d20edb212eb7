import Foundation
import Layers
import Networks
import Tensors

/// A mask's file: safetensors with a U8 tensor for each pruned parameter under its name, 1 where a weight remains.
extension PruningMask {
  public static let fileName = "mask.safetensors"

  /// The bytes of the file; equal masks give equal bytes.
  public func encode() -> Data {
    Safetensors.encode(
      layers.map { .init(name: $0.name, shape: $0.shape, values: $0.mask.kept.map { $0 ? UInt8(1) : 0 }) })
  }

  /// Reads a file, whatever network its mask is of; layers are in the order of the file.
  ///
  /// - Throws: `PruningMaskError`; `SafetensorsError`.
  public init(_ file: SafetensorsFile) throws {
    guard !file.names.isEmpty else { throw PruningMaskError.empty(path: file.path) }
    // Names of other bytes can be the same text, and no network has such.
    guard Set(file.names).count == file.names.count else {
      throw PruningMaskError.unknownLayer(
        path: file.path, layer: file.names.first { !$0.utf8.allSatisfy { $0 < 0x80 } } ?? "")
    }
    layers = try file.names.map { name in
      let numbers = try file.bytes(name)
      guard numbers.allSatisfy({ $0 <= 1 }) else {
        throw PruningMaskError.notBinary(path: file.path, layer: name)
      }
      return Layer(name: name, shape: file.shape(of: name) ?? [], mask: WeightMask(numbers.map { $0 == 1 }))
    }
  }

  /// Reads a file's mask of a network; layers are in the order of the network.
  ///
  /// - Throws: `PruningMaskError`; `SafetensorsError`.
  public init(_ file: SafetensorsFile, for backbone: any Backbone) throws {
    let mask = try PruningMask(file)
    let parameters = backbone.prunableParameters(includesStem: true)
    for layer in mask.layers {
      guard let parameter = parameters.first(where: { $0.name == layer.name }) else {
        throw PruningMaskError.unknownLayer(path: file.path, layer: layer.name)
      }
      guard layer.shape == parameter.shape else {
        throw PruningMaskError.otherShape(
          path: file.path, layer: layer.name, found: layer.shape, expected: parameter.shape)
      }
    }
    layers = parameters.compactMap { parameter in mask.layers.first { $0.name == parameter.name } }
  }

  /// - Throws: `PruningMaskError.closedLayer` where nothing gets through a layer.
  public func requireOpen(path: String) throws(PruningMaskError) {
    if let layer = closedLayer { throw .closedLayer(path: path, layer: layer) }
  }
}

/// What is wrong with a mask.
public enum PruningMaskError: Error, Equatable, CustomStringConvertible {
  case missing(path: String)
  case empty(path: String)
  case unknownLayer(path: String, layer: String)
  case otherShape(path: String, layer: String, found: [Int], expected: [Int])
  case notBinary(path: String, layer: String)
  case closedLayer(path: String, layer: String)

  public var description: String {
    switch self {
    case .missing(let path):
      "there is no mask at \(path): sluice prune writes one for each round, DIR/rounds/NN/\(PruningMask.fileName)"
    case .empty(let path): "\(path) masks no layer"
    case .unknownLayer(let path, let layer):
      "\(path) is a mask of another network: it masks \(layer), which is no convolution of this one"
    case .otherShape(let path, let layer, let found, let expected):
      "\(path) is a mask of another network: \(layer) has shape \(found) there and \(expected) here"
    case .notBinary(let path, let layer):
      "\(path) is damaged, or no mask: \(layer) holds other numbers than 0 and 1"
    case .closedLayer(let path, let layer):
      "\(path) closes \(layer) altogether, and nothing gets through; --force trains such a network all the same"
    }
  }
}
