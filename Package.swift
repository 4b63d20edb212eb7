// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "sluice",
  products: [.executable(name: "sluice", targets: ["sluice"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
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
    .target(name: "CVector", linkerSettings: [.linkedLibrary("m")]),
    .target(name: "CSignals"),

    // The house, bottom to top: a target imports only what stands below it in the house, above it here.
    .target(
      name: "Tensors", dependencies: ["CVector", .product(name: "Crypto", package: "swift-crypto")]),
    .target(name: "Layers", dependencies: ["Tensors", "CVector", "COneDNN", "COpenBLAS"]),
    .target(name: "Collectives", dependencies: ["Tensors", "CMPI", "CSignals", "CVector"]),
    .target(name: "Images", dependencies: ["Tensors", "CVector", "CJPEG", "CPNG"]),
    .target(
      name: "Datasets",
      dependencies: [
        "Images", "Collectives", "Tensors", "CZlib", .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .target(name: "Networks", dependencies: ["Layers"]),
    .target(name: "Objectives", dependencies: ["Networks", "Layers", "COpenBLAS", "CVector"]),
    .target(name: "Metrics", dependencies: ["Tensors"]),
    .target(name: "DataTools", dependencies: ["Datasets", "Images", "Collectives", "Metrics", "Tensors"]),
    .plugin(name: "RecordCommit", capability: .buildTool()),
    .target(name: "Version", plugins: ["RecordCommit"]),
    .target(
      name: "Diagnosis",
      dependencies: ["Collectives", "Metrics", "Version", "COneDNN", "COpenBLAS", "CVector"]),
    .target(
      name: "Evaluation", dependencies: ["Networks", "Datasets", "Collectives", "Metrics", "COpenBLAS"]),
    .target(
      name: "Training",
      dependencies: [
        "Objectives", "Networks", "Layers", "Evaluation", "Datasets", "Collectives", "Metrics",
        "Diagnosis", "Version",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Crypto", package: "swift-crypto"),
        "Yams",
      ]),
    .target(
      name: "Benchmarks",
      dependencies: [
        "Training", "Objectives", "Networks", "Layers", "Collectives", "Datasets", "Images", "Metrics",
        "Tensors", "Version",
        "COpenBLAS",
      ]),
    .executableTarget(
      name: "sluice",
      dependencies: [
        "Training", "Benchmarks", "DataTools", "Datasets", "Diagnosis", "Version",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),

    // Tests: support first, then a target for each part; RankChecks is a program that mpirun starts,
    // FuzzImages one that spoils pictures.
    .target(name: "TestSupport", path: "Tests/TestSupport"),
    .target(
      name: "GoldenCases", dependencies: ["Training", "TestSupport"], path: "Tests/GoldenCases"),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "CVector", "TestSupport"]),
    .testTarget(name: "LayersTests", dependencies: ["Layers", "GoldenCases", "TestSupport"]),
    .testTarget(name: "CollectivesTests", dependencies: ["Collectives"]),
    .testTarget(name: "ImagesTests", dependencies: ["Images", "TestSupport"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "Collectives", "TestSupport"]),
    .testTarget(name: "DataToolsTests", dependencies: ["DataTools", "Datasets", "Images", "TestSupport"]),
    .testTarget(name: "NetworksTests", dependencies: ["Networks", "GoldenCases", "TestSupport"]),
    .testTarget(name: "ObjectivesTests", dependencies: ["Objectives", "GoldenCases", "TestSupport"]),
    .testTarget(name: "MetricsTests", dependencies: ["Metrics", "TestSupport"]),
    .testTarget(name: "DiagnosisTests", dependencies: ["Diagnosis", "TestSupport"]),
    .testTarget(name: "EvaluationTests", dependencies: ["Evaluation", "TestSupport"]),
    .testTarget(name: "TrainingTests", dependencies: ["Training", "TestSupport"]),
    .testTarget(
      name: "BenchmarksTests",
      dependencies: ["Benchmarks", "Training", "Datasets", "Collectives", "Layers", "TestSupport"]),
    .testTarget(name: "GoldenTests", dependencies: ["GoldenCases", "TestSupport"]),
    .testTarget(name: "CommandTests", dependencies: ["sluice", "TestSupport"]),
    .executableTarget(
      name: "RankChecks", dependencies: ["Training", "GoldenCases"], path: "Tests/RankChecks"),
    .executableTarget(name: "FuzzImages", dependencies: ["Images", "Tensors"], path: "Tests/FuzzImages"),
  ],
  swiftLanguageModes: [.v6]
)
