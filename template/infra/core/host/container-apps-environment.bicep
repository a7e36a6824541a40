// Where the container apps of one region run. Its network and its zone redundancy are fixed at creation.

@description('Name of the environment.')
@maxLength(60)
param name string

@description('Region of the environment.')
param location string

@description('Tags of the environment.')
param tags { *: string }

@description('Resource id of a delegated subnet: with one the environment is zone redundant. Null: no virtual network.')
param subnetId string?

@description('Whether the internet reaches the apps.')
param publicNetworkAccess 'Enabled' | 'Disabled'

@description('Resource id of the workspace that takes the logs.')
param workspaceId string

resource environment 'Microsoft.App/managedEnvironments@2026-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    // A diagnostic setting carries the logs; the log-analytics destination would need the key of the workspace.
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
    publicNetworkAccess: publicNetworkAccess
    vnetConfiguration: subnetId == null
      ? null
      : {
          infrastructureSubnetId: subnetId
          internal: false
        }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
    zoneRedundant: subnetId != null
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: environment
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

@description('Resource id of the environment.')
output id string = environment.id

@description('Last part of the host names of the apps.')
output defaultDomain string = environment.properties.defaultDomain
