// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "sluice",
  products: [.executable(name: "sluice", targets: ["sluice"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.28.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: [
    // C targets: the only places that see mpi.h, cblas.h, dnnl.h, jpeglib.h, png.h, zlib.h, vector instructions and signals.
    .target(name: "CMPI", linkerSettings: [.linkedLibrary("mpi")]),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("openblas")]),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
    .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
    .target(name: "CPNG", linkerSettings: [.linkedLibrary("png")]),
    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
    .target(name: "CInstructions"),
    .target(name: "CLanes"),
    .target(name: "CVector", dependencies: ["CLanes"], linkerSettings: [.linkedLibrary("m")]),
    .target(name: "CConvolutions", dependencies: ["CInstructions"]),
    .target(name: "CPixels", dependencies: ["CLanes"]),
    .target(name: "CSignals"),

    // The house, bottom to top: a target imports only what stands below it in the house, above it here
    // (Tests/HouseTests compares every import with this list).
    .target(
      name: "Foundations", dependencies: [.product(name: "Crypto", package: "swift-crypto")]),
    .target(name: "Machine", dependencies: ["Foundations"]),
    .target(name: "Tensors", dependencies: ["Foundations", "Machine", "CVector"]),
    .target(
      name: "Layers",
      dependencies: [
        "Foundations", "Machine", "Tensors", "CInstructions", "CVector", "CConvolutions", "COneDNN",
        "COpenBLAS",
      ]),
    .target(
      name: "Collectives", dependencies: ["Foundations", "Machine", "Tensors", "CMPI", "CSignals", "CVector"]),
    .target(name: "Images", dependencies: ["Tensors", "CPixels", "CJPEG", "CPNG"]),
    .target(
      name: "Datasets",
      dependencies: [
        "Foundations", "Machine", "Images", "Collectives", "Tensors", "CZlib",
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .target(name: "Networks", dependencies: ["Layers", "Tensors"]),
    .target(
      name: "Objectives",
      dependencies: ["Foundations", "Networks", "Layers", "Tensors", "COpenBLAS", "CVector"]),
    .target(name: "Optimizers", dependencies: ["Layers", "Tensors", "CVector"]),
    .target(name: "Pruning", dependencies: ["Networks", "Layers", "Tensors"]),
    // Generated (scripts/generate-messages).
    .target(
      name: "TensorBoardMessages", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["tensorboard.proto"]),
    .target(
      name: "ONNXMessages", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["onnx.proto"]),
    .target(
      name: "Metrics",
      dependencies: [
        "Foundations", "TensorBoardMessages", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .target(name: "Progress", dependencies: ["Foundations"]),
    .target(
      name: "DataTools",
      dependencies: [
        "Foundations", "Machine", "Datasets", "Images", "Collectives", "Progress", "Tensors",
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .plugin(name: "RecordCommit", capability: .buildTool()),
    .target(name: "Version", plugins: ["RecordCommit"]),
    .target(
      name: "Provenance",
      dependencies: ["Foundations", "Machine", "Layers", "Collectives", "Version"]),
    .target(name: "Diagnosis", dependencies: ["Foundations", "Machine", "Collectives", "Provenance"]),
    .target(
      name: "Evaluation",
      dependencies: [
        "Foundations", "Machine", "Networks", "Layers", "Tensors", "Images", "Datasets", "Collectives",
        "COpenBLAS", "CVector",
      ]),
    .target(
      name: "Exchange",
      dependencies: [
        "Foundations", "Networks", "Layers", "Tensors", "ONNXMessages", "Version", "COpenBLAS",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .target(
      name: "Configurations",
      dependencies: [
        "Foundations", "Objectives", "Optimizers", "Pruning", "Networks", "Layers", "Datasets", "Images",
        "Collectives", "Tensors", "Yams",
      ]),
    .target(
      name: "Training",
      dependencies: [
        "Foundations", "Machine", "Configurations", "Objectives", "Optimizers", "Pruning", "Networks",
        "Layers",
        "Evaluation", "Exchange", "Datasets", "Images", "Collectives", "Metrics", "Progress", "Provenance",
        "Diagnosis", "Tensors", "Version", .product(name: "Logging", package: "swift-log"),
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .target(
      name: "Benchmarks",
      dependencies: [
        "Foundations", "Machine", "Training", "Configurations", "Evaluation", "Objectives", "Networks",
        "Layers",
        "Collectives", "Datasets", "Images", "Progress", "Tensors", "Version", "COpenBLAS",
      ]),
    .target(
      name: "Studies",
      dependencies: [
        "Foundations", "Machine", "Training", "Configurations", "Pruning", "Provenance", "Evaluation",
        "Metrics", "Progress", "Objectives", "Networks", "Layers", "Datasets", "Collectives", "Tensors",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "sluice",
      dependencies: [
        "Foundations", "Machine", "Training", "Configurations", "Benchmarks", "Studies", "DataTools",
        "Datasets", "Diagnosis", "Provenance", "Evaluation", "Exchange", "Collectives", "Images", "Layers",
        "Networks", "Objectives", "Progress", "Tensors", "Version",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),

    // Tests: support first, then a target for each part; RankChecks is a program that mpirun starts,
    // FuzzImages one that spoils pictures, FuzzFiles one that spoils all other files.
    .target(
      name: "TestSupport", dependencies: ["Collectives", "Networks", "Layers", "Tensors"],
      path: "Tests/TestSupport"),
    .target(
      name: "GoldenCases",
      dependencies: [
        "Training", "Configurations", "Optimizers", "Objectives", "Networks", "Layers", "Collectives",
        "Tensors", "CVector", "TestSupport",
      ],
      path: "Tests/GoldenCases"),
    .testTarget(name: "HouseTests"),
    .testTarget(name: "FoundationsTests", dependencies: ["Foundations", "TestSupport"]),
    .testTarget(name: "MachineTests", dependencies: ["Machine", "Foundations", "TestSupport"]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "CVector", "TestSupport"]),
    .testTarget(
      name: "LayersTests",
      dependencies: ["Layers", "Tensors", "Foundations", "CVector", "GoldenCases", "TestSupport"]),
    .testTarget(
      name: "CollectivesTests", dependencies: ["Collectives", "Machine", "Tensors", "TestSupport"]),
    .testTarget(name: "ImagesTests", dependencies: ["Images", "Tensors", "TestSupport"]),
    .testTarget(
      name: "DatasetsTests",
      dependencies: ["Datasets", "Foundations", "Images", "Collectives", "Tensors", "TestSupport"]),
    .testTarget(
      name: "DataToolsTests",
      dependencies: [
        "DataTools", "Foundations", "Datasets", "Images", "Collectives", "Progress", "Tensors", "TestSupport",
      ]),
    .testTarget(
      name: "NetworksTests",
      dependencies: ["Networks", "Optimizers", "Layers", "Tensors", "GoldenCases", "TestSupport"]),
    .testTarget(
      name: "ObjectivesTests",
      dependencies: ["Objectives", "Networks", "Layers", "Tensors", "CVector", "GoldenCases", "TestSupport"]),
    .testTarget(name: "OptimizersTests", dependencies: ["Optimizers", "Layers", "Tensors", "TestSupport"]),
    .testTarget(
      name: "PruningTests",
      dependencies: ["Pruning", "Optimizers", "Networks", "Layers", "Tensors", "GoldenCases", "TestSupport"]),
    .testTarget(
      name: "MetricsTests",
      dependencies: [
        "Metrics", "Foundations", "TensorBoardMessages", "TestSupport",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .testTarget(name: "ProgressTests", dependencies: ["Progress"]),
    .testTarget(
      name: "DiagnosisTests",
      dependencies: ["Diagnosis", "Provenance", "Machine", "Collectives", "TestSupport"]),
    .testTarget(
      name: "EvaluationTests",
      dependencies: [
        "Evaluation", "Networks", "Datasets", "Images", "Collectives", "Tensors", "Foundations",
        "TestSupport",
      ]),
    .testTarget(
      name: "ExchangeTests",
      dependencies: [
        "Exchange", "Foundations", "Pruning", "Networks", "Layers", "Tensors", "ONNXMessages", "TestSupport",
      ]),
    .testTarget(
      name: "ConfigurationsTests",
      dependencies: [
        "Objectives", "Optimizers", "Networks", "Layers", "Datasets", "Collectives", "Configurations",
        "TestSupport",
      ]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Training", "Configurations", "Evaluation", "Pruning", "Objectives", "Optimizers", "Networks",
        "Layers", "Datasets", "Images", "Collectives", "Metrics", "Progress", "Tensors", "Foundations",
        "Machine", "Provenance",
        "GoldenCases",
        "TestSupport", .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "BenchmarksTests",
      dependencies: [
        "Benchmarks", "Training", "Configurations", "Objectives", "DataTools", "Datasets", "Collectives",
        "Progress", "Layers", "Tensors", "TestSupport",
      ]),
    .testTarget(
      name: "StudiesTests",
      dependencies: [
        "Studies", "Training", "Configurations", "Collectives", "Metrics", "Machine", "Progress",
        "Foundations", "Pruning", "Objectives", "Layers", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "GoldenTests",
      dependencies: [
        "GoldenCases", "Training", "Optimizers", "Objectives", "Networks", "Layers", "Images", "Collectives",
        "Tensors", "TestSupport",
      ]),
    .testTarget(
      name: "CommandTests",
      dependencies: ["Datasets", "Images", "Layers", "Tensors", "TestSupport"]),
    .executableTarget(
      name: "RankChecks",
      dependencies: [
        "Training", "Configurations", "Objectives", "Networks", "Layers", "Collectives", "Machine", "Tensors",
        "GoldenCases", "TestSupport",
      ], path: "Tests/RankChecks"),
    .target(name: "FuzzSupport", dependencies: ["Tensors"], path: "Tests/FuzzSupport"),
    .executableTarget(name: "FuzzImages", dependencies: ["Images", "FuzzSupport"], path: "Tests/FuzzImages"),
    .executableTarget(
      name: "FuzzFiles",
      dependencies: [
        "Studies", "Training", "Configurations", "Evaluation", "Objectives", "Pruning", "Layers", "Datasets",
        "Images", "Collectives", "Metrics", "Machine", "Tensors", "Provenance", "Foundations", "FuzzSupport",
      ], path: "Tests/FuzzFiles"),
  ],
  swiftLanguageModes: [.v6]
)
