// What Front Door forwards where: the API through Private Link to the gateway, everything else to the page.

import { customDomainName } from 'front-door.bicep'

@description('Last part of the resource names.')
@minLength(3)
@maxLength(16)
param resourceToken string

@description('Host name of the owner; empty: the endpoint has one of its own.')
param customDomain string

@description('Id of Front Door.')
param frontDoorId string

@description('Region of the Container Apps environment.')
param location string

@description('Resource id of the Container Apps environment.')
param environmentId string

@description('Address of the API gateway.')
param apiGatewayUri string

@description('Address of the page.')
param webUri string

@description('Host name of the API gateway.')
var apiGatewayHost = replace(apiGatewayUri, 'https://', '')

@description('Host name of the page.')
var webHost = replace(webUri, 'https://', '')

@description('First part of the resource names, by resource type.')
var abbreviations = loadJsonContent('../../abbreviations.json')

@description('Routes answer to the custom domain alone where there is one.')
var domains = {
  customDomains: empty(customDomain) ? [] : [{ id: profile::domain.id }]
  linkToDefaultDomain: empty(customDomain) ? 'Enabled' : 'Disabled'
}

@description('The paths of the page. Its files under /assets bear a hash in their names; all else changes with a deployment.')
var webRoutes = [
  {
    name: 'assets'
    pattern: '/assets/*'
    cacheConfiguration: {
      queryStringCachingBehavior: 'IgnoreQueryString'
    }
  }
  {
    name: 'web'
    pattern: '/*'
    cacheConfiguration: null
  }
]

resource profile 'Microsoft.Cdn/profiles@2025-12-01' existing = {
  name: '${abbreviations.cdnProfiles}${resourceToken}'

  resource endpoint 'afdEndpoints' existing = {
    name: '${abbreviations.cdnProfilesAfdEndpoints}${resourceToken}'
  }

  resource domain 'customDomains' existing = {
    name: customDomainName(customDomain)
  }
}

resource apiGatewayOrigins 'Microsoft.Cdn/profiles/originGroups@2025-12-01' = {
  parent: profile
  name: 'api-gateway'
  properties: {
    loadBalancingSettings: {
      sampleSize: 4
      successfulSamplesRequired: 3
      additionalLatencyInMilliseconds: 50
    }
    healthProbeSettings: {
      probePath: '/health/ready'
      probeProtocol: 'Https'
      probeRequestType: 'GET'
      probeIntervalInSeconds: 60
    }
    sessionAffinityState: 'Disabled'
  }

  resource origin 'origins' = {
    name: 'api-gateway'
    properties: {
      hostName: apiGatewayHost
      originHostHeader: apiGatewayHost
      httpsPort: 443
      priority: 1
      weight: 1000
      enabledState: 'Enabled'
      enforceCertificateNameCheck: true
      sharedPrivateLinkResource: {
        privateLink: {
          id: environmentId
        }
        groupId: 'managedEnvironments'
        privateLinkLocation: location
        // The postprovision hook approves what bears this text; the id in it is not public.
        requestMessage: 'Front Door ${frontDoorId}'
      }
    }
  }
}

// A group with one public origin has no choice to make, so nothing probes it.
resource webOrigins 'Microsoft.Cdn/profiles/originGroups@2025-12-01' = {
  parent: profile
  name: 'web'
  properties: {
    loadBalancingSettings: {
      sampleSize: 4
      successfulSamplesRequired: 3
      additionalLatencyInMilliseconds: 50
    }
    sessionAffinityState: 'Disabled'
  }

  resource origin 'origins' = {
    name: 'web'
    properties: {
      hostName: webHost
      originHostHeader: webHost
      httpsPort: 443
      priority: 1
      weight: 1000
      enabledState: 'Enabled'
      enforceCertificateNameCheck: true
    }
  }
}

resource apiGatewayRoute 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-12-01' = {
  parent: profile::endpoint
  name: 'api-gateway'
  properties: {
    ...domains
    originGroup: {
      id: apiGatewayOrigins.id
    }
    patternsToMatch: [
      '/api/*'
      '/health'
    ]
    supportedProtocols: [
      'Http'
      'Https'
    ]
    httpsRedirect: 'Enabled'
    forwardingProtocol: 'HttpsOnly'
    enabledState: 'Enabled'
  }
  // A route needs an origin in its group.
  dependsOn: [
    apiGatewayOrigins::origin
  ]
}

resource webRoute 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-12-01' = [
  for route in webRoutes: {
    parent: profile::endpoint
    name: route.name
    properties: {
      ...domains
      originGroup: {
        id: webOrigins.id
      }
      patternsToMatch: [
        route.pattern
      ]
      cacheConfiguration: route.cacheConfiguration
      supportedProtocols: [
        'Http'
        'Https'
      ]
      httpsRedirect: 'Enabled'
      forwardingProtocol: 'HttpsOnly'
      enabledState: 'Enabled'
    }
    dependsOn: [
      webOrigins::origin
    ]
  }
]
