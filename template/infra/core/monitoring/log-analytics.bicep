// The workspace that holds every log and trace of the environment.

import { logSettings } from '../../profile-types.bicep'

@description('Name of the workspace.')
@minLength(4)
@maxLength(63)
param name string

@description('Region of the workspace.')
param location string

@description('Tags of the workspace.')
param tags { *: string }

@description('Retention and daily limit.')
param settings logSettings

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: settings.retentionInDays
    workspaceCapping: {
      dailyQuotaGb: settings.dailyQuotaInGb
    }
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

// Who asked what of the logs.
resource auditLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: workspace
  properties: {
    workspaceId: workspace.id
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

@description('Resource id of the workspace.')
output id string = workspace.id
